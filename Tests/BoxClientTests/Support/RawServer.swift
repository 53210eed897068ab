import Glibc
import Synchronization

/// Accepts connections on a loopback port, each on its own thread, for behaviour that only a real connection shows.
///
/// `@unchecked`: `accepted` is atomic, and the rest is set before the thread starts.
final class RawServer: @unchecked Sendable {
    let port: UInt16
    private let accepted = Atomic(0)
    var connections: Int { accepted.load(ordering: .relaxed) }
    private let listener: Int32
    private let serve: @Sendable (RawConnection) -> Void

    /// - Parameter serve: handles a connection, which is closed when it returns.
    init(_ serve: @escaping @Sendable (RawConnection) -> Void) throws {
        self.serve = serve
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw SocketError(code: errno) }
        port = UInt16(bigEndian: address.sin_port)
        Self.thread(self) { $0.acceptAll() }
    }

    struct SocketError: Error { let code: Int32 }

    /// Ends the accepting thread. Open connections end with their clients.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    var url: String { "http://127.0.0.1:\(port)" }

    private static func thread(_ server: RawServer, _ body: @escaping @Sendable (RawServer) -> Void) {
        final class Work { let run: () -> Void; init(_ run: @escaping () -> Void) { self.run = run } }
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work { body(server) }).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, work)
        pthread_detach(thread)
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let number = accepted.add(1, ordering: .relaxed).newValue
            Self.thread(self) { server in
                server.serve(RawConnection(descriptor: connection, number: number))
                close(connection)
            }
        }
        close(listener)
    }
}

/// A connection that a ``RawServer`` has accepted.
struct RawConnection: Sendable {
    let descriptor: Int32
    /// Counts from 1, in the order of acceptance.
    let number: Int

    func write(_ text: String) { _ = write(Array(text.utf8)) }

    /// - Returns: false when the client has closed the connection.
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The next bytes; empty when the client has closed the connection.
    func readSome() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return Array(buffer[..<max(0, count)])
    }

    /// Reads until the client has closed the connection.
    ///
    /// - Returns: the number of bytes.
    @discardableResult
    func readToEnd() -> Int {
        var total = 0
        while true {
            let count = readSome().count
            if count == 0 { return total }
            total += count
        }
    }

    /// A request with its body, or nil when the client has closed the connection.
    func readRequest() -> String? {
        var text = ""
        while true {
            if let end = text.firstRange(of: "\r\n\r\n")?.upperBound {
                if text[end...].utf8.count >= Self.contentLength(String(text[..<end])) { return text }
            }
            let bytes = readSome()
            guard !bytes.isEmpty else { return nil }
            text += String(decoding: bytes, as: UTF8.self)
        }
    }

    /// A request's head, and the part of its body that arrived with it.
    func readHead() -> String {
        var text = ""
        while !text.contains("\r\n\r\n") {
            let bytes = readSome()
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    static func contentLength(_ head: String) -> Int {
        let head = head.lowercased()
        let field = head.firstRange(of: "content-length: ")?.upperBound
        return field.flatMap { Int(head[$0...].prefix { $0 != "\r\n" }) } ?? 0
    }
}

/// An event that happens once, on another thread.
final class Happening: Sendable {
    private let value = Mutex<Int?>(nil)

    func set(_ number: Int = 0) { value.withLock { $0 = number } }

    /// Waits for the event and returns its number. The suite's time limit ends the wait.
    func wait() async throws -> Int {
        while true {
            if let number = value.withLock({ $0 }) { return number }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func waitOnThread() {
        while value.withLock({ $0 }) == nil { usleep(2000) }
    }
}
