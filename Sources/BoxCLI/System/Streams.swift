import BoxClient
import BoxSystem
import Glibc
import Synchronization

/// Accepts bytes in order, such as standard output.
public protocol ByteSink: Sendable {
    /// Writes all of the bytes before it returns.
    ///
    /// - Throws: ``SinkError``.
    func write(_ bytes: [UInt8]) throws
}

/// A write that failed.
public struct SinkError: Error, Equatable {
    /// A number of errno(3). `EPIPE` when the reader has closed.
    public let code: Int32
}

/// A file descriptor that other code owns and closes.
public struct DescriptorSink: ByteSink {
    private let descriptor: Int32

    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    public func write(_ bytes: [UInt8]) throws {
        let code = Descriptor.write(bytes, to: descriptor) ? 0 : errno
        if code != 0 { throw SinkError(code: code) }
    }
}

/// A source of input from people or programs.
public protocol InputSource: Sendable {
    /// Reads everything up to the end of input.
    func readToEnd() throws -> [UInt8]
    /// Reads everything, up to so many bytes; more fail with `EFBIG`.
    func readToEnd(maximum: Int) throws -> [UInt8]
    /// The rest of the input, when it is a regular file.
    func regularFile() -> UploadFile?
    /// One line without its end, or nil at the end of input.
    func readLine() -> String?
    /// One line that isn't echoed. Throws `CancellationError` on Ctrl-C.
    func readSecret() throws -> String?
}

extension InputSource {
    /// For sources that aren't files.
    public func regularFile() -> UploadFile? { nil }

    /// For sources that hold everything in memory anyway.
    public func readToEnd(maximum: Int) throws -> [UInt8] {
        let bytes = try readToEnd()
        guard bytes.count <= maximum else { throw FileError(action: "read", path: "standard input", code: EFBIG) }
        return bytes
    }
}

/// Standard input.
public struct StandardInput: InputSource {
    private let descriptor: Int32

    public init() { self.init(STDIN_FILENO) }

    /// - Parameter descriptor: one that is used as standard input.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    public func readToEnd() throws -> [UInt8] { try readToEnd(maximum: .max) }

    public func regularFile() -> UploadFile? { UploadFile(descriptor: descriptor, name: "standard input") }

    public func readToEnd(maximum: Int) throws -> [UInt8] {
        try Files.readToEnd(descriptor, path: "standard input", maximum: maximum)
    }

    public func readLine() -> String? {
        guard let bytes = readLineBytes() else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    public func readSecret() throws -> String? {
        var saved = termios()
        guard tcgetattr(descriptor, &saved) == 0 else { return readLine() }
        var quiet = saved
        // Without ISIG and ICANON, Ctrl-C arrives immediately as a byte, so that the terminal is restored before we
        // exit.
        quiet.c_lflag &= ~tcflag_t(ECHO | ISIG | ICANON)
        withUnsafeMutableBytes(of: &quiet.c_cc) {
            $0[Int(VMIN)] = 1
            $0[Int(VTIME)] = 0
        }
        tcsetattr(descriptor, TCSAFLUSH, &quiet)
        defer { tcsetattr(descriptor, TCSAFLUSH, &saved) }
        var line = SecretLine()
        while let byte = readByte() {
            switch line.append(byte) {
            case .goesOn: continue
            case .isWhole: return line.text
            case .hasEnded: return line.text.isEmpty ? nil : line.text
            case .isInterrupted: throw CancellationError()
            }
        }
        return line.text.isEmpty ? nil : line.text
    }

    private func readLineBytes() -> [UInt8]? {
        var line: [UInt8] = []
        while let byte = readByte() {
            if byte == UInt8(ascii: "\n") { return line.last == UInt8(ascii: "\r") ? line.dropLast() : line }
            line.append(byte)
        }
        return line.isEmpty ? nil : line
    }

    /// The next byte, or nil at the end of input.
    private func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? byte : nil
        }
    }
}
