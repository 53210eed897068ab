import BoxClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventStreamTests {
    let server = EventServer()

    private func client() throws -> BoxClient {
        // Real pauses, but short ones, because streams wait for new events.
        try BoxClient.scripted(server).with { $0.pause = { _ in try await Task.sleep(for: .milliseconds(2)) } }
    }

    private func response(_ id: String, _ moment: Int, of prompt: String? = nil) -> EventServer.Entry {
        .init(id: id, type: "response", timestamp: moment, taskID: prompt)
    }

    @Test func everythingSoFarAndWhatComes() async throws {
        server.store(response("a", 100))
        let server = server
        var told: [String] = []
        for try await event in try client().streamEvents("bx_1", includeExisting: true) {
            told.append(event.id ?? "-")
            if told.count == 1 {
                server.fail(.failure(.init(.interrupted, "cut")))
                server.store(response("b", 200))
            }
            if told.count == 2 { break }
        }
        #expect(told == ["a", "b"])
    }

    @Test func onlyWhatComesAndOnlyTheTypesThatAreWanted() async throws {
        server.store(response("old", 100))
        let server = server
        let interruptions = Mutex(0)
        let stream = try client().streamEvents("bx_1", types: ["response"]) { _ in interruptions.withLock { $0 += 1 } }
        let coming = Task {
            while server.targets.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
            server.fail(.failure(.init(.unreachable, "refused")), .failure(.init(.unreachable, "refused")))
            server.fail(.failure(.init(.unreachable, "refused")))
            server.store(.init(id: "x", type: "git_checkpoint", timestamp: 150))
            server.store(response("new", 200))
        }
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next()?.id == "new")
        try await coming.value
        #expect(interruptions.withLock { $0 } == 1)
    }

    @Test func theTimeIsLimited() async throws {
        server.store(response("a", 100))
        var told: [String] = []
        let stream = try client().streamEvents("bx_1", includeExisting: true, timeout: .seconds(3))
        for try await event in stream { told.append(event.id ?? "-") }
        #expect(told == ["a"])
    }

    @Test(arguments: [nil, Duration.seconds(600)]) func cancellingEndsIt(timeout: Duration?) async throws {
        server.store(response("a", 100))
        let stream = try client().streamEvents("bx_1", includeExisting: true, timeout: timeout)
        let (told, tell) = AsyncStream<Void>.makeStream()
        let task = Task { for try await _ in stream { tell.yield() } }
        for await _ in told { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func refusalsEndIt() async throws {
        server.fail(.success(HTTPResponse(status: 404, body: Array(#"{"error":"not_found"}"#.utf8))))
        let client = try client()
        let error = await boxError { for try await _ in client.streamEvents("bx_1") {} }
        guard case .api(let failure)? = error else { Issue.record("\(String(describing: error))"); return }
        #expect(failure.code == .notFound)
    }

    @Test func aPromptIsQueuedOnceAndFollowedToItsEnd() async throws {
        server.store(response("old", 100))
        let stream = try await client().streamPrompt("bx_1", PromptRequest(text: "x"))
        #expect(stream.queued.promptID == "p")
        server.store(.init(id: "p", type: "prompt", timestamp: 200, status: "running"))
        server.store(response("other", 205, of: "q"))
        server.store(response("r", 210, of: "p"))
        var told: [String] = []
        for try await event in stream {
            told.append(event.id ?? "-")
            if told.count == 2 { server.store(.init(id: "p", type: "prompt", timestamp: 200, status: "finished")) }
        }
        #expect(told == ["p", "r", "p"])
        var again: [String] = []
        for try await event in stream { again.append(event.id ?? "-") }
        #expect(again == ["r", "p"])
        #expect(server.promptsTaken == 1)
    }

    @Test func aPromptThatTakesTooLongIsAnError() async throws {
        let stream = try await client().streamPrompt("bx_1", PromptRequest(text: "x"), timeout: .seconds(3))
        server.store(.init(id: "p", type: "prompt", timestamp: 200, status: "running"))
        let error = await boxError { for try await _ in stream {} }
        #expect(error == .promptTimedOut(id: "bx_1", prompt: "p", lastStatus: .running, seconds: 3))
    }
}
