import BoxClient
import BoxModel
import Synchronization
import Testing

@Suite struct RetryTests {
    let transport = ScriptedTransport()
    let pauses = PauseLog()
    let me = #"{"ok":true,"user":{"login":"o"}}"#

    @Test(arguments: [502, 503, 504]) func readsAreTriedAgain(status: Int) async throws {
        transport.on("GET /me", status, "<html>").fail("GET /me", .interrupted, "gone").on("GET /me", me)
        #expect(try await BoxClient.scripted(transport, pauses: pauses).me().login == "o")
        #expect(pauses.all.count == 2)
        #expect((Duration.milliseconds(50)...(.milliseconds(100))).contains(pauses.all[0]))
        #expect((Duration.milliseconds(150)...(.milliseconds(300))).contains(pauses.all[1]))
    }

    @Test func threeTimesAtMost() async throws {
        for _ in 1...3 { transport.fail("GET /me", .unreachable, "refused") }
        let client = try BoxClient.scripted(transport, pauses: pauses)
        let error = await boxError { try await client.me() }
        #expect(error == .network(origin: "http://127.0.0.1:7070", reason: "refused", isUnreachable: true))
        #expect(transport.unused.isEmpty)
    }

    @Test func aCreationIsTriedAgainUnderTheSameKey() async throws {
        transport.fail("POST /boxes", .interrupted, "gone").on("POST /boxes", 202, #"{"ok":true,"id":"bx_1"}"#)
        _ = try await BoxClient.scripted(transport, pauses: pauses).create()
        let keys = transport.sent.map { $0.header("Idempotency-Key") }
        #expect(keys[0] != nil && keys[0] == keys[1])
        #expect(transport.sent[0].body == transport.sent[1].body)
    }

    @Test func otherChangesAreTriedOnce() async throws {
        transport.fail("POST /boxes/bx_1/stop", .interrupted, "gone").on("PATCH /boxes/bx_1", 503, "")
            .fail("DELETE /boxes/bx_1", .unreachable, "refused").fail(
                "POST /boxes/bx_1/resume", .unreachable, "refused")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        _ = await boxError { try await client.stop("bx_1") }
        _ = await boxError { try await client.update("bx_1", BoxChanges(name: "x")) }
        _ = await boxError { try await client.remove("bx_1") }
        _ = await boxError { try await client.resume("bx_1") }
        #expect(pauses.all.isEmpty)
    }

    @Test func retryAfterIsHonouredWithinTheLimit() async throws {
        transport.on("GET /me", 429, #"{"error":"rate_limited"}"#, headers: [HTTPHeader("Retry-After", "3")]).on(
            "GET /me", me)
        _ = try await BoxClient.scripted(transport, pauses: pauses).me()
        #expect(pauses.all == [.seconds(3)])
    }

    /// After a 429 the server did nothing, so the call can be retried.
    @Test func aFullQueueIsWaitedForByCommandsAndFiles() async throws {
        let busy = (1...6).map { _ in [HTTPHeader("Retry-After", "2")] }
        for headers in busy { transport.on("POST /boxes/bx_1/commands", 429, #"{"error":"busy"}"#, headers: headers) }
        transport.on("POST /boxes/bx_1/commands", #"{"ok":true,"exitCode":0}"#)
            .on("PUT /boxes/bx_1/files", 429, #"{"error":"busy"}"#, headers: busy[0])
            .on("PUT /boxes/bx_1/files", #"{"ok":true}"#)
            .on("GET /boxes/bx_1/files?path=x&encoding=base64", 429, #"{"error":"busy"}"#, headers: busy[0])
            .on("GET /boxes/bx_1/files?path=x&encoding=base64", #"{"ok":true,"content":"aGk=","encoding":"base64"}"#)
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(try await client.command("bx_1", "true").success)
        #expect(pauses.all.count == 6)
        #expect(pauses.all.allSatisfy { (Duration.seconds(2)...(.milliseconds(2100))).contains($0) })
        #expect(Set(transport.sent.map(\.timeout)).count == 1)
        _ = try await client.writeFile("bx_1", path: "x", bytes: [1])
        #expect(try await client.readFile("bx_1", path: "x").text == "hi")
        #expect(transport.unused.isEmpty)
    }

    @Test func theWaitForAFullQueueIsBounded() async throws {
        for (seconds, limit) in [
            ("61", RetryPolicy()), ("16", RetryPolicy(busyTimeLimit: .seconds(15))), ("1", .never),
        ] {
            transport.on(
                "POST /boxes/bx_1/commands", 429, #"{"error":"busy"}"#, headers: [HTTPHeader("Retry-After", seconds)])
            let client = try BoxClient.scripted(transport, pauses: pauses).with { $0.retry = limit }
            guard case .api(let failure)? = await boxError({ try await client.command("bx_1", "true") }) else {
                Issue.record("no API error")
                return
            }
            #expect(failure.status == 429 && failure.retryAfter == Int(seconds))
        }
        #expect(pauses.all.isEmpty)
    }

    @Test func anUploadThatWasRefusedIsSentFromItsBeginning() async throws {
        let directory = ScratchDirectory()
        let file = directory.write("file", Array("contents".utf8))
        transport.on("PUT /boxes/bx_1/files", 429, #"{"error":"busy"}"#, headers: [HTTPHeader("Retry-After", "1")])
            .on("PUT /boxes/bx_1/files", #"{"ok":true}"#)
        _ = try await BoxClient.scripted(transport, pauses: pauses).writeFile("bx_1", path: "x", from: file)
        #expect(transport.sent.count == 2 && transport.sent[0].body == transport.sent[1].body)
    }

    @Test func otherWritesThatWereRefusedAreTriedAgainToo() async throws {
        transport.on("POST /boxes/bx_1/stop", 429, #"{"error":"busy"}"#, headers: [HTTPHeader("Retry-After", "1")])
            .on("POST /boxes/bx_1/stop", 202, #"{"ok":true,"id":"bx_1"}"#)
        _ = try await BoxClient.scripted(transport, pauses: pauses).stop("bx_1")
        #expect(pauses.all == [.seconds(1)])
    }

    @Test func everyNewTryIsToldAndHasWhatIsLeftOfTheTime() async throws {
        transport.on("GET /me", 503, "", headers: [HTTPHeader("Retry-After", "10")]).fail(
            "GET /me", .interrupted, "gone"
        )
        .on("GET /me", me)
        let told = Mutex<[String]>([])
        let client = try BoxClient.scripted(transport, pauses: pauses).with { configuration in
            configuration.onRetry = { reason, _ in told.withLock { $0.append(reason) } }
        }
        _ = try await client.me()
        #expect(told.withLock { $0 } == ["HTTP 503", "gone"])
        #expect(transport.sent[0].timeout == .seconds(60))
        #expect((Duration.seconds(40)...(.seconds(50))).contains(transport.sent[1].timeout))
    }

    @Test(arguments: [nil, "3600", "soon"]) func aLimitThatLastsIsToldAtOnce(retryAfter: String?) async throws {
        let headers = retryAfter.map { [HTTPHeader("Retry-After", $0)] } ?? []
        transport.on("GET /me", 429, #"{"error":"limit_reached"}"#, headers: headers)
        let client = try BoxClient.scripted(transport, pauses: pauses)
        guard case .api(let failure) = await boxError({ try await client.me() }) else {
            Issue.record("not API"); return
        }
        #expect(failure.code == .limitReached)
        #expect(pauses.all.isEmpty)
    }

    @Test(arguments: [TransportError.Kind.timedOut, .refused]) func someFailuresStand(kind: TransportError.Kind)
        async throws
    {
        transport.fail("GET /me", kind, "no")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        _ = await boxError { try await client.me() }
        #expect(pauses.all.isEmpty)
    }
}
