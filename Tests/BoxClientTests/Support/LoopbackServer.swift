import Synchronization

/// A small HTTP server on a loopback port.
final class LoopbackServer: Sendable {
    /// The reaction to a request, from its head and body.
    enum Reply: Sendable {
        /// Send these bytes and keep the connection.
        case send(String)
        /// Send these bytes and close the connection.
        case sendAndClose(String)
        /// Send nothing until the client has closed the connection.
        case silence
    }

    private final class Counter: Sendable { let value = Atomic(0) }

    private let server: RawServer
    private let abandonedCounter: Counter
    var connections: Int { server.connections }
    /// Connections that the client closed before it got an answer.
    var abandoned: Int { abandonedCounter.value.load(ordering: .relaxed) }

    init(_ answer: @escaping @Sendable (_ request: String) -> Reply) throws {
        let abandoned = Counter()
        abandonedCounter = abandoned
        server = try RawServer { connection in
            while let request = connection.readRequest() {
                switch answer(request) {
                case .send(let text): connection.write(text)
                case .sendAndClose(let text): return connection.write(text)
                case .silence:
                    if connection.readSome().isEmpty { abandoned.value.add(1, ordering: .relaxed) }
                    return
                }
            }
        }
    }

    var port: UInt16 { server.port }
    var url: String { server.url }
    func stop() { server.stop() }

    static func response(_ status: String = "200 OK", body: String = "", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }
}
