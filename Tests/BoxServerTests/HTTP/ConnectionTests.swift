import BoxModel
import HTTPTypes
import Hummingbird
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Slow and disconnected clients, over real sockets with short timeouts.
struct ConnectionTests {
    private func limits(
        head: Duration = .seconds(60), body: Duration = .seconds(60), unread: Duration = .seconds(60),
        idle: Duration = .seconds(60)
    ) -> ConnectionLimits {
        var limits = ConnectionLimits()
        (limits.head, limits.bodyGrace, limits.unread, limits.idle) = (head, body, unread, idle)
        return limits
    }

    private func connected<Value: Sendable>(
        _ limits: ConnectionLimits, engine: TestEngine = TestEngine(),
        _ body: @escaping @Sendable (API, RawClient) async throws -> Value
    ) async throws -> Value {
        try await withServer(engine: engine, connections: limits) { api async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            return try await body(api, client)
        }
    }

    private func head(_ api: API, _ method: String, _ path: String, _ more: String = "") -> String {
        "\(method) \(API.base)\(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(api.secret)\r\n\(more)"
    }

    @Test func aHeadThatIsNeverCompleteIsClosed() async throws {
        try await connected(limits(head: .milliseconds(200))) { api, client async throws in
            client.send("GET /healthz HTT")
            let began = ContinuousClock.now
            let (text, isClosed) = try await client.readToEnd()
            #expect(isClosed)
            #expect(text == "")
            #expect(ContinuousClock.now - began >= .milliseconds(150))
        }
    }

    /// Each byte arrives within the idle timeout, but the head never ends.
    @Test func aHeadThatDripsIsClosed() async throws {
        try await connected(limits(head: .milliseconds(300))) { api, client async throws in
            for byte in "GET /healthz HTTP/1.1\r\n" + String(repeating: "a", count: 1000) {
                guard !client.isClosed else { break }
                client.send(String(byte))
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(client.isClosed)
        }
    }

    @Test func theSecondHeadIsWatchedToo() async throws {
        try await connected(limits(head: .milliseconds(300))) { api, client async throws in
            client.send(head(api, "GET", "/me", "\r\n"))
            guard case .text(let answer) = try await client.read() else { throw Missing("an answer") }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            client.send("GET /he")
            #expect(try await client.readToEnd().isClosed)
        }
    }

    @Test func aHeadInPiecesThatComesInTimeIsServed() async throws {
        try await connected(limits(head: .seconds(20))) { api, client async throws in
            for piece in ["GET /healthz HT", "TP/1.1\r\nHost", ": localhost\r\nConnection: close\r\n", "\r\n"] {
                client.send(piece)
                try await Task.sleep(for: .milliseconds(30))
            }
            #expect(try await client.readToEnd().text.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func aConnectionWithoutARequestIsClosed() async throws {
        try await connected(limits(idle: .milliseconds(200))) { _, client async throws in
            #expect(try await client.readToEnd() == ("", true))
        }
    }

    @Test func aBodyThatStopsIsRefused() async throws {
        try await connected(limits(body: .milliseconds(300))) { api, client async throws in
            client.send(head(api, "POST", "/boxes", "Content-Length: 100\r\n\r\n{\"name\":"))
            let (text, isClosed) = try await client.readToEnd()
            #expect(isClosed)
            #expect(text.hasPrefix("HTTP/1.1 408"))
            #expect(text.contains("\"code\":\"request_timeout\""))
            #expect(text.contains("\"requestId\":\"req_"))
            #expect(try await api.get("/boxes").json["boxes"] == [])
        }
    }

    /// 100 bytes a second, without a pause that is too long by itself.
    @Test func aBodyThatDripsIsRefused() async throws {
        try await connected(limits(body: .milliseconds(500))) { api, client async throws in
            client.send(head(api, "POST", "/boxes", "Content-Length: 100000\r\n\r\n"))
            let began = ContinuousClock.now
            while client.isQuiet, ContinuousClock.now - began < .seconds(8) {
                client.send(" ")
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(ContinuousClock.now - began < .seconds(8))
            // Data that was sent after the response may have caused a reset that destroyed it.
            let text = try await client.readToEnd().text
            #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test func aBodyThatIsFastEnoughIsTakenHoweverLongItTakes() async throws {
        var limits = limits(body: .seconds(3))
        limits.bodyBytesPerSecond = 100
        try await connected(limits) { api, client async throws in
            client.send(head(api, "POST", "/boxes", "Connection: close\r\nContent-Length: 4000\r\n\r\n{"))
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(350))
                client.send(String(repeating: " ", count: 399))
            }
            client.send("        }")
            let answer = try await client.readToEnd().text
            #expect(answer.hasPrefix("HTTP/1.1 202"), "\(answer)")
        }
    }

    /// The state during a command: the request is complete, and no data is sent or received for longer than every
    /// timeout.
    @Test func aRequestThatIsWorkedOnIsLeftAlone() async throws {
        let engine = TestEngine()
        let short = Duration.milliseconds(300)
        try await connected(limits(head: short, body: short, unread: short, idle: short), engine: engine) {
            api, client in
            // Not over the client's own connection, which would be closed meanwhile.
            let account = try await api.server.accounts.account("alice")
            let id = try await api.server.boxes.create(
                CreateRequest(JSONBody([])), account: account, idempotency: nil
            ).id
            await api.settle()
            await engine.hold(.setAuthorizedKeys)
            let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a"
            let body = "{\"key\":\"\(key)\"}"
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(head(api, "POST", "/boxes/\(id)/sshkey", "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"))
            #expect(try await eventually { await engine.isWaiting(in: .setAuthorizedKeys) })
            try await Task.sleep(for: .milliseconds(1500))
            #expect(!client.isClosed)
            await engine.release(.setAuthorizedKeys)
            guard case .text(let answer) = try await client.read() else { throw Missing("an answer") }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func aClientThatReadsNothingIsClosed() async throws {
        try await withServer(connections: limits(unread: .milliseconds(400))) { api async throws in
            let id = try await api.create()
            let padding = JSON.string(String(repeating: "x", count: 500_000))
            for number in 0..<20 {
                _ = try await api.server.events.store.append(
                    box: id, id: "\(number)", type: "response", task: nil, data: ["content": padding])
            }
            let client = try RawClient(port: api.client.port, receiveBuffer: 4096)
            defer { client.close() }
            client.send(head(api, "GET", "/boxes/\(id)/events", "\r\n"))
            let open = { api.server.metrics.snapshot.openConnections }
            #expect(try await eventually { open() == 2 }, "this one, and that of the other requests")
            #expect(try await eventually { open() == 1 })
        }
    }

    @Test func aClientThatReadsSlowlyIsServed() async throws {
        // The whole download takes longer than the unread timeout. The timeout is long enough for a test that waits to
        // be scheduled.
        try await withServer(connections: limits(unread: .seconds(10))) { api async throws in
            let id = try await api.create()
            let padding = JSON.string(String(repeating: "x", count: 1_000_000))
            for number in 0..<12 {
                _ = try await api.server.events.store.append(
                    box: id, id: "\(number)", type: "response", task: nil, data: ["content": padding])
            }
            let client = try RawClient(port: api.client.port, receiveBuffer: 65536)
            defer { client.close() }
            client.send(head(api, "GET", "/boxes/\(id)/events", "Connection: close\r\n\r\n"))
            var size = 0
            while case .text(let text) = try await client.read() {
                size += text.utf8.count
                try await Task.sleep(for: .milliseconds(60))
            }
            #expect(size > 12_000_000)
        }
    }

    /// A body whose received part would be a valid body.
    @Test(arguments: ["Content-Length: 100\r\n\r\n ", "Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n"], [true, false])
    func halfABodyDoesNothing(request: String, leaves: Bool) async throws {
        try await connected(limits(body: .milliseconds(300))) { api, client async throws in
            client.send(head(api, "POST", "/boxes", request))
            if leaves {
                client.shutDown()
            } else {
                #expect(try await client.readToEnd().text.hasPrefix("HTTP/1.1 408"))
            }
            let route = "/api/box/v1/boxes"
            #expect(
                try await eventually {
                    api.server.metrics.snapshot.requests.contains { $0.key.template == route && $0.key.status >= 400 }
                })
            #expect(try await api.get("/boxes").json["boxes"] == [])
        }
    }

    @Test func connectionsAreCounted() async throws {
        try await connected(ConnectionLimits()) { api, client async throws in
            #expect(try await api.get("/me").status == 200)
            client.send(head(api, "GET", "/me", "\r\n"))
            guard case .text = try await client.read() else { throw Missing("an answer") }
            let before = api.server.metrics.snapshot
            #expect(before.openConnections == 2)
            #expect(before.acceptedConnections == 2)
        }
    }

    @Test func theSetUpAddressIsTheOneThatTheClientUses() async throws {
        try await withServer(configure: { $0.hostNames = HostNames(listeningOn: "0.0.0.0", names: []) }) {
            api async throws in
            let id = try await api.ready()
            let body = #"{"provider":"codex","prompt":"x"}"#
            for (host, more, url) in [
                ("boxes.example.com:8443", "X-Forwarded-Proto: https\r\n", "https://boxes.example.com:8443/agents"),
                ("127.0.0.1:7070", "", "http://127.0.0.1:7070/agents"), ("a\"b", "", "http://localhost/agents"),
            ] {
                let client = try RawClient(port: api.client.port)
                defer { client.close() }
                client.send(
                    "POST \(API.base)/boxes/\(id)/prompt HTTP/1.1\r\nHost: \(host)\r\nAuthorization: Bearer \(api.secret)\r\n"
                        + "Connection: close\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                let answer = try await client.readToEnd().text
                #expect(answer.contains("\"setupUrl\":\"\(url)\""), "\(answer)")
            }
        }
    }
}

private struct Missing: Error {
    init(_ what: String) {}
}
