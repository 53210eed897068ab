import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Bodies that are too long, and clients that send `Expect: 100-continue`, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct JSONBodyTests {
    /// Every route with a body, and its limit in bytes. `ID` stands for a box that is ready.
    static let routes: [(method: String, path: String, limit: Int)] = [
        ("POST", "/boxes", 1 << 20), ("PATCH", "/boxes/ID", 1 << 20), ("POST", "/boxes/ID/stop", 1 << 20),
        ("POST", "/boxes/ID/resume", 1 << 20), ("POST", "/boxes/ID/fork", 1 << 20),
        ("POST", "/boxes/ID/sshkey", 1 << 20), ("POST", "/boxes/ID/prompt", 1 << 20),
        ("POST", "/boxes/ID/interrupt", 1 << 20), ("POST", "/boxes/ID/desktop", 1 << 20),
        ("POST", "/boxes/ID/commands", 8 << 20), ("PUT", "/boxes/ID/files", FileRoutes.maximumBodySize),
        ("POST", "/api-keys", 1 << 20), ("POST", "/secrets", 1 << 20), ("POST", "/repos", 1 << 20),
    ]

    private func withBox<Value: Sendable>(
        _ limits: ConnectionLimits = ConnectionLimits(), _ body: @escaping @Sendable (API, String) async throws -> Value
    ) async throws -> Value {
        try await withServer(connections: limits) { api async throws in try await body(api, api.ready()) }
    }

    private static func head(_ api: API, _ method: String, _ path: String, _ more: String) -> String {
        "\(method) \(API.base)\(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(api.secret)\r\n\(more)\r\n\r\n"
    }

    private static func expectRefusal(_ text: String, _ limit: Int, _ route: String) {
        #expect(text.hasPrefix("HTTP/1.1 413"), "\(route): \(text)")
        #expect(text.contains("\"code\":\"body_too_large\""), "\(route): \(text)")
        #expect(text.contains("larger than \(limit) bytes"), "\(route): \(text)")
        #expect(text.lowercased().contains("connection: close"), "\(route): \(text)")
    }

    /// The length is enough to refuse the request. No byte of the body is sent.
    @Test(arguments: routes.indices) func aLengthThatIsTooLargeIsRefusedAtOnce(_ index: Int) async throws {
        let (method, path, limit) = Self.routes[index]
        try await withBox { api, id async throws in
            for expect in ["", "\r\nExpect: 100-continue"] {
                let client = try RawClient(port: api.client.port)
                defer { client.close() }
                let target = path.replacing("ID", with: id)
                client.send(Self.head(api, method, target, "Content-Length: \(2 * limit)\(expect)"))
                let began = ContinuousClock.now
                let (text, isClosed) = try await client.readToEnd()
                #expect(isClosed)
                #expect(ContinuousClock.now - began < .seconds(9), "there is no time-out in it")
                Self.expectRefusal(text, limit, "\(method) \(path)")
            }
        }
    }

    /// A body without end. The client is still sending when the response comes, and can read it.
    @Test(arguments: [0, 3, 9], [true, false])
    func aBodyThatIsTooLongIsRefused(_ index: Int, isChunked: Bool) async throws {
        let (method, path, limit) = Self.routes[index]
        try await withBox { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            let target = path.replacing("ID", with: id)
            let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(2 * limit)"
            client.send(Self.head(api, method, target, framing))
            let piece = String(repeating: " ", count: 1 << 18)
            for _ in 0..<(2 * limit >> 18) {
                let isTaken = try await client.sendAll(isChunked ? "40000\r\n\(piece)\r\n" : piece)
                #expect(isTaken, "the rest is dropped, not refused")
            }
            if isChunked { client.send("0\r\n\r\n") }
            let (text, isClosed) = try await client.readToEnd()
            #expect(isClosed)
            Self.expectRefusal(text, limit, "\(method) \(path)")
        }
    }

    @Test func aClientThatNeverStopsSendingIsCutOff() async throws {
        var limits = ConnectionLimits()
        (limits.drain, limits.drainPause) = (.milliseconds(400), .milliseconds(100))
        try await withBox(limits) { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(Self.head(api, "POST", "/boxes/\(id)/commands", "Transfer-Encoding: chunked"))
            let piece = "10000\r\n\(String(repeating: " ", count: 1 << 16))\r\n"
            let began = ContinuousClock.now
            var isTaken = true
            while isTaken, ContinuousClock.now - began < .seconds(20) { isTaken = try await client.sendAll(piece) }
            #expect(!isTaken)
            #expect(ContinuousClock.now - began < .seconds(20))
        }
    }

    @Test func aClientThatSendsNoMoreIsLetGo() async throws {
        var limits = ConnectionLimits()
        limits.drainPause = .milliseconds(100)
        try await withBox(limits) { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(Self.head(api, "POST", "/boxes/\(id)/commands", "Content-Length: 20000000"))
            _ = try await client.readToEnd()
            let open = { api.server.metrics.snapshot.openConnections }
            #expect(try await eventually { open() == 1 }, "that of the other requests")
        }
    }

    @Test(arguments: ["401", "404", "405", "400"]) func otherRefusalsThatComeEarlyCloseToo(_ status: String)
        async throws
    {
        try await withBox { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            let more = "Content-Length: 500000"
            switch status {
            case "401": client.send("POST \(API.base)/boxes HTTP/1.1\r\nHost: localhost\r\n\(more)\r\n\r\n")
            case "404": client.send(Self.head(api, "POST", "/boxes/bx_22222222/commands", more))
            case "405": client.send(Self.head(api, "PUT", "/boxes/\(id)/commands", more))
            default:
                #expect(try await api.post("/boxes/\(id)/stop").status == 202)
                await api.settle()
                client.send(Self.head(api, "POST", "/boxes/\(id)/commands", more))
            }
            let (text, isClosed) = try await client.readToEnd()
            #expect(isClosed)
            #expect(text.hasPrefix("HTTP/1.1 \(status)"), "\(text)")
            #expect(text.lowercased().contains("connection: close"))
        }
    }

    /// Reading a small rest is cheaper than a new connection.
    @Test func aConnectionIsKeptWhereLittleIsUnread() async throws {
        try await withBox { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            for _ in 0..<3 {
                client.send("POST \(API.base)/boxes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
                guard case .text(let text) = try await client.read() else { throw Silence() }
                #expect(text.hasPrefix("HTTP/1.1 401"))
                #expect(!text.lowercased().contains("connection: close"))
                client.send("0123456789")
            }
        }
    }

    // MARK: Expect

    @Test(arguments: ["Content-Length: 16", "Transfer-Encoding: chunked"])
    func aClientThatAsksIsToldToContinue(_ framing: String) async throws {
        try await withBox { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(
                Self.head(api, "PATCH", "/boxes/\(id)", "\(framing)\r\nExpect: 100-continue\r\nConnection: close"))
            #expect(try await client.read() == .text("HTTP/1.1 100 Continue\r\n\r\n"))
            let body = #"{"name":"other"}"#
            client.send(framing.hasPrefix("C") ? body : "10\r\n\(body)\r\n0\r\n\r\n")
            let (text, _) = try await client.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 200"), "\(text)")
            #expect(text.contains(#""name":"other""#))
        }
    }

    @Test func whatHeadersDecideIsAnsweredWithoutContinue() async throws {
        try await withBox { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(
                "POST \(API.base)/boxes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
            )
            let (text, isClosed) = try await client.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 401"), "\(text)")
            // The client may or may not send its two bytes now.
            #expect(isClosed)
        }
    }

    @Test func aClientThatDoesNotWaitNeedsNoContinue() async throws {
        try await withBox { api, id async throws in
            let client = try RawClient(port: api.client.port)
            defer { client.close() }
            client.send(
                Self.head(
                    api, "PATCH", "/boxes/\(id)", "Content-Length: 16\r\nExpect: 100-continue\r\nConnection: close")
                    + #"{"name":"other"}"#)
            let (text, _) = try await client.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 200"), "\(text)")
        }
    }

    private struct Silence: Error {}
}
