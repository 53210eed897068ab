import Glibc
import Synchronization

/// A small HTTP server on a port of loopback, for what only a real connection shows.
///
/// `@unchecked`: the counters are atomic, the rest is set before the thread starts.
final class LoopbackServer: @unchecked Sendable {
    /// What to do with a request, given its head and body.
    enum Reply: Sendable {
        /// Send these bytes and keep the connection.
        case send(String)
        /// Send these bytes and close the connection.
        case sendAndClose(String)
        /// Say nothing until the client has gone.
        case silence
    }

    let port: UInt16
    let connections = Atomic(0)
    /// Connections that the client closed while it was owed an answer.
    let abandoned = Atomic(0)
    private let listener: Int32
    private let answer: @Sendable (String) -> Reply

    init(_ answer: @escaping @Sendable (_ request: String) -> Reply) throws {
        self.answer = answer
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

    var url: String { "http://127.0.0.1:\(port)" }

    /// Ends the thread that accepts. Open connections end with their clients.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    static func response(_ status: String = "200 OK", body: String = "", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    private static func thread(_ server: LoopbackServer, _ body: @escaping @Sendable (LoopbackServer) -> Void) {
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
            connections.add(1, ordering: .relaxed)
            Self.thread(self) { $0.serve(connection) }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while let request = Self.readRequest(connection) {
            switch answer(request) {
            case .send(let text): Self.write(connection, text)
            case .sendAndClose(let text): return Self.write(connection, text)
            case .silence:
                var byte: UInt8 = 0
                if recv(connection, &byte, 1, 0) <= 0 { abandoned.add(1, ordering: .relaxed) }
                return
            }
        }
    }

    private static func write(_ connection: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func readRequest(_ connection: Int32) -> String? {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let end = text.firstRange(of: "\r\n\r\n")?.upperBound {
                let head = text[..<end].lowercased()
                let field = head.firstRange(of: "content-length: ")?.upperBound
                let length = field.flatMap { Int(head[$0...].prefix { $0 != "\r\n" }) } ?? 0
                if text[end...].utf8.count >= length { return text }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
