import Glibc
import Synchronization

/// Takes bytes in order, such as standard output.
public protocol ByteSink: Sendable {
    /// Writes all of the bytes before it returns.
    ///
    /// - Throws: ``SinkError``.
    func write(_ bytes: [UInt8]) throws
}

/// A write that failed.
public struct SinkError: Error, Equatable {
    /// A number of errno(3). `EPIPE` when the reader has gone.
    public let code: Int32
}

/// A file descriptor that somebody else closes.
public struct DescriptorSink: ByteSink {
    private let descriptor: Int32

    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    public func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                waitUntilWritable()
            } else if errno != EINTR {
                throw SinkError(code: errno)
            }
        }
    }

    /// A descriptor that is shared with another program can be non-blocking without our doing.
    private func waitUntilWritable() {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&request, 1, -1)
    }
}

/// Where people's and programs' input comes from.
public protocol InputSource: Sendable {
    /// Everything up to the end of input.
    func readToEnd() throws -> [UInt8]
    /// One line without its end, or nil at the end of input.
    func readLine() -> String?
    /// One line that isn't shown while it is typed. `CancellationError` on Ctrl-C.
    func readSecret() throws -> String?
}

/// Standard input.
public struct StandardInput: InputSource {
    public init() {}

    public func readToEnd() throws -> [UInt8] { try Files.readToEnd(STDIN_FILENO, path: "standard input") }

    public func readLine() -> String? {
        guard let bytes = readLineBytes() else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    public func readSecret() throws -> String? {
        var saved = termios()
        guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return readLine() }
        var quiet = saved
        // Without ISIG, Ctrl-C arrives as a byte, so that the terminal is restored before we end.
        quiet.c_lflag &= ~tcflag_t(ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved) }
        guard let bytes = readLineBytes(interrupt: 3) else { return nil }
        if bytes.last == 3 { throw CancellationError() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func readLineBytes(interrupt: UInt8? = nil) -> [UInt8]? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return line.isEmpty ? nil : line }
            if byte == UInt8(ascii: "\n") { return line.last == UInt8(ascii: "\r") ? line.dropLast() : line }
            line.append(byte)
            if byte == interrupt { return line }
        }
    }
}
