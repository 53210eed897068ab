import BoxClient
import Synchronization
import Testing

/// libcurl with a real socket.
@Suite(.timeLimit(.minutes(1))) struct CurlTransportTests {
    private func transportError(_ body: () async throws -> HTTPResponse) async -> TransportError? {
        do {
            let response = try await body()
            Issue.record("no error, but \(response)")
        } catch let error as TransportError {
            return error
        } catch {
            Issue.record("another error: \(error)")
        }
        return nil
    }

    @Test(arguments: [false, true]) func sendsWhatItIsGivenAndReusesTheConnection(usesCallersThread: Bool) async throws
    {
        let server = try LoopbackServer { request in
            .send(
                LoopbackServer.response("202 Accepted", body: request, headers: "X-Request-Id: req_1\r\nX-Empty:\r\n"))
        }
        defer { server.stop() }
        let transport = CurlTransport(usesCallersThread: usesCallersThread)
        let headers = [HTTPHeader("Authorization", "Bearer k"), HTTPHeader("Content-Type", "application/json")]
        let body = Array(#"{"a":"ü"}"#.utf8)
        let response = try await transport.send(
            HTTPRequest(method: .patch, url: "\(server.url)/a/../b%20?q=1", headers: headers, body: body))
        #expect(response.status == 202)
        #expect(response.header("x-request-id") == "req_1")
        #expect(response.header("X-Empty") == "")
        let echo = String(decoding: response.body, as: UTF8.self)
        #expect(echo.hasPrefix("PATCH /a/../b%20?q=1 HTTP/1.1\r\n"))
        #expect(echo.contains("\r\nAuthorization: Bearer k\r\n"))
        #expect(echo.contains("\r\nContent-Type: application/json\r\n"))
        #expect(echo.hasSuffix("\r\n\r\n{\"a\":\"ü\"}"))
        #expect(!echo.contains("Expect:"))
        for method in [HTTPRequest.Method.get, .post, .delete, .put] {
            let response = try await transport.send(HTTPRequest(method: method, url: server.url))
            let echo = String(decoding: response.body, as: UTF8.self)
            #expect(echo.hasPrefix("\(method.rawValue) / HTTP/1.1\r\n"))
            #expect(!echo.contains("Content-Type"))
            #expect(echo.hasSuffix("\r\n\r\n"))
        }
        #expect(server.connections == 1)
    }

    @Test func bodiesOfSuccessesCanBeHandedOnAsTheyArrive() async throws {
        let large = String(repeating: "0123456789", count: 100_000)
        let server = try LoopbackServer { request in
            request.contains("/large")
                ? .send(LoopbackServer.response(body: large))
                : .send(LoopbackServer.response("404 Not Found", body: "missing"))
        }
        defer { server.stop() }
        let transport = CurlTransport()
        let pieces = Mutex<[[UInt8]]>([])
        var request = HTTPRequest(method: .get, url: "\(server.url)/large", stallTimeout: .seconds(30))
        request.maximumResponseSize = 10
        let response = try await transport.send(request) { piece in pieces.withLock { $0.append(piece) } }
        #expect(response.status == 200 && response.body.isEmpty)
        #expect(pieces.withLock { $0.count } > 1)
        #expect(pieces.withLock { Array($0.joined()) } == Array(large.utf8))
        request.url = "\(server.url)/small"
        let missing = try await transport.send(request) { _ in Issue.record("an error was handed on") }
        #expect(missing.status == 404 && missing.body == Array("missing".utf8))
    }

    @Test func whatTheTakerOfABodyThrowsIsThrownOn() async throws {
        struct Full: Error {}
        let server = try LoopbackServer { _ in .send(LoopbackServer.response(body: "x")) }
        defer { server.stop() }
        let transport = CurlTransport()
        await #expect(throws: Full.self) {
            try await transport.send(HTTPRequest(method: .get, url: server.url)) { _ in throw Full() }
        }
    }

    @Test func aDownloadThatBrokeOffIsNotRepeated() async throws {
        let server = try LoopbackServer { _ in
            .sendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        defer { server.stop() }
        let client = BoxClient(.init(origin: try Origin(server.url), apiKey: "k"), transport: CurlTransport())
        let bytes = Mutex<[UInt8]>([])
        let error = await boxError {
            try await client.artifact("bx_1", path: "p") { piece in bytes.withLock { $0 += piece } }
        }
        guard case .network? = error else { Issue.record("\(String(describing: error))"); return }
        #expect(bytes.withLock { $0 } == Array("half".utf8))
        #expect(server.connections == 1)
    }

    @Test(arguments: [false, true]) func manyAtOnce(usesCallersThread: Bool) async throws {
        let server = try LoopbackServer { request in
            .send(LoopbackServer.response(body: String(request.split(separator: " ")[1])))
        }
        defer { server.stop() }
        let transport = CurlTransport(usesCallersThread: usesCallersThread)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let response = try await transport.send(HTTPRequest(method: .get, url: "\(server.url)/\(number)"))
                    return String(decoding: response.body, as: UTF8.self) == "/\(number)"
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func aSilentServerTimesOut() async throws {
        let server = try LoopbackServer { _ in .silence }
        defer { server.stop() }
        let request = HTTPRequest(method: .get, url: server.url, timeout: .milliseconds(150))
        let error = await transportError { try await CurlTransport().send(request) }
        #expect(error?.kind == .timedOut)
    }

    @Test(arguments: [false, true]) func cancellingAbortsTheTransfer(usesCallersThread: Bool) async throws {
        let server = try LoopbackServer { _ in .silence }
        defer { server.stop() }
        let transport = CurlTransport(usesCallersThread: usesCallersThread)
        let task = Task { try await transport.send(HTTPRequest(method: .get, url: server.url)) }
        while server.connections == 0 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        while server.abandoned == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await CurlTransport().send(HTTPRequest(method: .get, url: "http://127.0.0.1:9"))
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    @Test func aBodyThatIsCutShortIsNoAnswer() async throws {
        let server = try LoopbackServer { _ in .sendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":") }
        defer { server.stop() }
        let error = await transportError { try await CurlTransport().send(HTTPRequest(method: .get, url: server.url)) }
        #expect(error?.kind == .interrupted)
        #expect(error?.reason.contains("94 bytes remaining") == true)
    }

    @Test func aClosedConnectionIsNoAnswer() async throws {
        let server = try LoopbackServer { _ in .sendAndClose("") }
        defer { server.stop() }
        let error = await transportError { try await CurlTransport().send(HTTPRequest(method: .get, url: server.url)) }
        #expect(error?.kind == .interrupted)
    }

    @Test func aRefusedConnectionFailsFast() async throws {
        let server = try LoopbackServer { _ in .silence }
        server.stop()
        try await Task.sleep(for: .milliseconds(50))
        let start = ContinuousClock.now
        let error = await transportError { try await CurlTransport().send(HTTPRequest(method: .get, url: server.url)) }
        #expect(error?.kind == .unreachable)
        #expect(error?.reason.hasPrefix("Failed to connect to 127.0.0.1 port \(server.port)") == true)
        // The timeout of a connection is ten seconds.
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func theSizeOfAnAnswerIsLimited() async throws {
        let server = try LoopbackServer { _ in
            .send(LoopbackServer.response(body: String(repeating: "x", count: 100_000)))
        }
        defer { server.stop() }
        var request = HTTPRequest(method: .get, url: server.url, maximumResponseSize: 99_999)
        let error = await transportError { try await CurlTransport().send(request) }
        #expect(error == TransportError(.tooLarge, "the answer is larger than 99999 bytes"))
        request.maximumResponseSize = 100_000
        #expect(try await CurlTransport().send(request).body.count == 100_000)
    }

    @Test func redirectsAreNotFollowed() async throws {
        let server = try LoopbackServer { _ in
            .send(LoopbackServer.response("302 Found", headers: "Location: http://127.0.0.1:9/\r\n"))
        }
        defer { server.stop() }
        #expect(try await CurlTransport().send(HTTPRequest(method: .get, url: server.url)).status == 302)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "nonsense://x"])
    func onlyHTTPIsSpoken(url: String) async throws {
        let error = await transportError { try await CurlTransport().send(HTTPRequest(method: .get, url: url)) }
        #expect(error?.kind == .refused)
    }

    @Test func headersCannotBeSmuggled() async throws {
        let header = HTTPHeader("Authorization", "Bearer k\r\nX-Evil: 1")
        let error = await transportError {
            try await CurlTransport().send(HTTPRequest(method: .get, url: "http://127.0.0.1:9", headers: [header]))
        }
        #expect(error == TransportError(.refused, "a header or the URL has a control character"))
    }

    @Test func interimAnswersAreSkipped() async throws {
        let server = try LoopbackServer { _ in
            .send(
                "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                    + LoopbackServer.response(body: "{}", headers: "X-Late: 2\r\n"))
        }
        defer { server.stop() }
        let response = try await CurlTransport().send(HTTPRequest(method: .get, url: server.url))
        #expect(response.status == 200)
        #expect(response.header("X-Early") == nil)
        #expect(response.header("X-Late") == "2")
    }
}
