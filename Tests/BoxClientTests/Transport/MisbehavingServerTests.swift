import BoxClient
import Synchronization
import Testing

/// Servers and networks that misbehave, over real connections.
@Suite(.timeLimit(.minutes(1))) struct MisbehavingServerTests {
    private func transportError(
        _ server: RawServer, stallTimeout: Duration? = nil, timeout: Duration = .seconds(30)
    ) async -> TransportError? {
        let request = HTTPRequest(method: .get, url: server.url, timeout: timeout, stallTimeout: stallTimeout)
        do {
            let response = try await CurlTransport().send(request)
            Issue.record("no error, but \(response.status)")
            return nil
        } catch {
            return error as? TransportError
        }
    }

    private func client(_ url: String, pauses: PauseLog = PauseLog()) throws -> BoxClient {
        BoxClient(.init(origin: try Origin(url), apiKey: "k", pause: { pauses.add($0) }), transport: CurlTransport())
    }

    private static let longBody = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"half\":"

    // MARK: Cancelling

    @Test func cancellingInTheMiddleOfABodyClosesTheConnection() async throws {
        let closed = Happening(), begun = Happening()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(Self.longBody)
            begun.set()
            closed.set(connection.readToEnd())
        }
        defer { server.stop() }
        let transport = CurlTransport()
        let held = Task { try await transport.send(HTTPRequest(method: .get, url: server.url)) }
        _ = try await begun.wait()
        held.cancel()
        await #expect(throws: CancellationError.self) { try await held.value }
        #expect(try await closed.wait() == 0)
    }

    @Test func cancellingADownloadClosesTheConnection() async throws {
        let closed = Happening(), arrived = Happening()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(Self.longBody)
            closed.set(connection.readToEnd())
        }
        defer { server.stop() }
        let client = try client(server.url)
        let task = Task { try await client.artifact("b", path: "p") { _ in arrived.set() } }
        _ = try await arrived.wait()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await closed.wait() == 0)
    }

    // MARK: Silence

    @Test func aBodyThatStallsTimesOut() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(Self.longBody)
            connection.readToEnd()
        }
        defer { server.stop() }
        #expect(await transportError(server, timeout: .milliseconds(200))?.kind == .timedOut)
        let stalled = await transportError(server, stallTimeout: .seconds(1))
        #expect(stalled?.kind == .timedOut)
        #expect(stalled?.reason.contains("too slow") == true)
    }

    @Test func headersThatNeverEndTimeOut() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nX-Half: ")
            connection.readToEnd()
        }
        defer { server.stop() }
        #expect(await transportError(server, timeout: .milliseconds(200))?.kind == .timedOut)
    }

    // MARK: Incomplete or invalid answers

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":true}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"ok\":true}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"ok\"", "HTTP/1.1 200 OK\r\nX: y", "",
    ])
    func aConnectionThatIsLostInTheAnswerIsRetriedForReadsOnly(answer: String) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(answer)
        }
        defer { server.stop() }
        let pauses = PauseLog()
        let client = try client(server.url, pauses: pauses)
        guard case .network(_, _, isUnreachable: false)? = await boxError({ try await client.me() }) else {
            Issue.record("a cut answer was taken")
            return
        }
        #expect(server.connections == 3 && pauses.all.count == 2)
        guard case .network? = await boxError({ try await client.stop("b") }) else { return }
        #expect(server.connections == 4)
    }

    @Test(arguments: [
        (#"{"ok":true,"user":{"lo"#, "it is not JSON"), ("<html>502</html>", "it is not JSON"), ("", "it is empty"),
        ("\u{0}\u{1}", "it is not JSON"), ("[]", "it is not a JSON object"),
    ])
    func wholeAnswersThatAreNotTheAPIs(body: String, reason: String) async throws {
        let server = try LoopbackServer { _ in .send(LoopbackServer.response(body: body)) }
        defer { server.stop() }
        let client = try client(server.url)
        guard case .invalidResponse(_, 200, let told)? = await boxError({ try await client.me() }) else {
            Issue.record("it was taken")
            return
        }
        #expect(told.hasPrefix(reason))
    }

    @Test func whatIsNotHTTPIsNoAnswer() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("SSH-2.0-OpenSSH_9.2\r\n")
        }
        defer { server.stop() }
        #expect(await transportError(server)?.kind == .refused)
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let other = try LoopbackServer { _ in
            Issue.record("the key was sent elsewhere")
            return .send(LoopbackServer.response(body: "{}"))
        }
        defer { other.stop() }
        let target = other.url
        let server = try LoopbackServer { _ in
            .send(LoopbackServer.response("307 Temporary Redirect", headers: "Location: \(target)/?token=t\r\n"))
        }
        defer { server.stop() }
        let client = try client(server.url)
        let error = await boxError { try await client.me() }
        let reason = "it is a redirect to \(target)/, and redirects are not followed"
        #expect(error == .invalidResponse(origin: server.url, status: 307, reason: reason))
    }

    // MARK: Headers

    @Test func aHugeHeaderIsRefused() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nX-Huge: \(String(repeating: "x", count: 1 << 20))\r\n\r\n")
            connection.readToEnd()
        }
        defer { server.stop() }
        #expect(await transportError(server) != nil)
    }

    @Test func headersWithoutEndAreRefused() async throws {
        let ended = Happening()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            let line = Array("X-More: \(String(repeating: "x", count: 1000))\r\n".utf8)
            var count = 0
            while connection.write(line) { count += 1 }
            ended.set(count)
        }
        defer { server.stop() }
        let error = await transportError(server)
        #expect(error == TransportError(.refused, "the answer's headers are larger than 262144 bytes"))
        _ = try await ended.wait()
    }

    // MARK: Reused connections

    @Test func aKeptConnectionThatTheServerHasClosedIsNotUsedAgain() async throws {
        let requests = Mutex<[String]>([]), closed = Happening()
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                requests.withLock { $0.append(String(request.prefix { $0 != " " })) }
                connection.write(LoopbackServer.response(body: #"{"ok":true,"id":"b"}"#))
                if connection.number == 1 { return closed.set() }
            }
        }
        defer { server.stop() }
        let client = try client(server.url)
        _ = try await client.me()
        _ = try await closed.wait()
        _ = try await client.stop("b")
        _ = try await client.me()
        #expect(requests.withLock { $0 } == ["GET", "POST", "GET"])
        #expect(server.connections == 2)
    }

    @Test(arguments: [0, 5]) func aWriteIsNotSentTwiceWhenAKeptConnectionGivesNoAnswer(bodySize: Int) async throws {
        let requests = Mutex<[String]>([])
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                requests.withLock { $0.append(String(request.prefix { $0 != " " })) }
                // The second request of the first connection gets no answer.
                if connection.number == 1, requests.withLock({ $0.count }) == 2 { return }
                connection.write(LoopbackServer.response(body: #"{"ok":true,"id":"b"}"#))
            }
        }
        defer { server.stop() }
        let transport = CurlTransport()
        _ = try await transport.send(HTTPRequest(method: .get, url: server.url))
        let body = bodySize == 0 ? nil : [UInt8](repeating: 0x20, count: bodySize)
        let post = HTTPRequest(method: .post, url: server.url, body: body)
        await #expect(
            throws: TransportError(.interrupted, "the server closed the connection without an answer")
        ) { try await transport.send(post) }
        #expect(requests.withLock { $0 } == ["GET", "POST"])
        // The connection isn't reused, and the next request gets another one.
        #expect(try await transport.send(post).status == 200)
        #expect(requests.withLock { $0 } == ["GET", "POST", "POST"])
    }

    @Test func aReadIsSentAgainWhenAKeptConnectionGivesNoAnswer() async throws {
        let count = Mutex(0)
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                if count.withLock({
                    $0 += 1; return $0
                }) == 2 {
                    return
                }
                connection.write(LoopbackServer.response(body: #"{"ok":true}"#))
            }
        }
        defer { server.stop() }
        let client = try client(server.url)
        _ = try await client.me()
        _ = try await client.me()
        #expect(count.withLock { $0 } == 3)
    }

    // MARK: HTTP/2

    @Test func http2IsOfferedOverTLS() async throws {
        let hello = Mutex<[UInt8]>([])
        let server = try RawServer { connection in
            let bytes = connection.readSome()
            hello.withLock { $0 = bytes }
        }
        defer { server.stop() }
        let url = server.url.replacing("http:", with: "https:")
        await #expect(throws: TransportError.self) {
            try await CurlTransport().send(HTTPRequest(method: .get, url: url))
        }
        // The list of protocols in the extension "application layer protocol negotiation" (RFC 7301).
        let offer = [UInt8(2)] + Array("h2".utf8) + [8] + Array("http/1.1".utf8)
        #expect(hello.withLock { $0.firstRange(of: offer) } != nil)
    }
}
