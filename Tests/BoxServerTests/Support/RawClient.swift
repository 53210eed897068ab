import Glibc
import Testing

/// A socket to a server under test, for requests that no HTTP client would send. Its creator closes it.
///
/// No call blocks a thread, because the server under test needs them. Reading takes ten seconds at most.
struct RawClient {
    private let descriptor: Int32

    /// - Parameter receiveBuffer: in bytes. Small for a client that soon has no space for a response that it doesn't
    ///   read.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout.size(ofValue: size)))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0, "connect: \(String(cString: strerror(errno)))")
    }

    func close() { Glibc.close(descriptor) }

    /// Ends the connection like a program that exits. Data that was sent before still arrives.
    func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// - Returns: whether the kernel took all of it.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) == bytes.count
    }

    /// Sends all of it as fast as the kernel takes it, for ten seconds at most.
    ///
    /// - Returns: whether the kernel took all of it.
    @discardableResult
    func sendAll(_ text: String) async throws -> Bool {
        var rest = Array(text.utf8)[...]
        let deadline = ContinuousClock.now + .seconds(10)
        while !rest.isEmpty, ContinuousClock.now < deadline {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try await Task.sleep(for: .milliseconds(2))
            } else {
                return false
            }
        }
        return rest.isEmpty
    }

    enum Reading: Equatable { case text(String), end, reset, silence }

    /// Reads the next data.
    func read() async throws -> Reading {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { return .text(String(decoding: buffer[..<count], as: UTF8.self)) }
            if count == 0 { return .end }
            if errno != EAGAIN { return .reset }
            try await Task.sleep(for: .milliseconds(2))
        }
        return .silence
    }

    /// Reads until the server closes, and returns whether it did.
    func readToEnd() async throws -> (text: String, isClosed: Bool) {
        var text = ""
        while true {
            switch try await read() {
            case .text(let more): text += more
            case .end, .reset: return (text, true)
            case .silence: return (text, false)
            }
        }
    }

    /// Whether the server has closed. Doesn't wait.
    var isClosed: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK))
        return count == 0 || (count < 0 && errno != EAGAIN)
    }

    /// Whether no data has arrived and the server hasn't closed.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) < 0 && errno == EAGAIN
    }
}
