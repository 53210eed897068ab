import BoxClient
import Synchronization
import Testing

@Suite struct HelperTests {
    let transport = ScriptedTransport()
    let pauses = PauseLog()
    let missing = #"{"ok":false,"code":"not_found"}"#

    private func client() throws -> BoxClient { try .scripted(transport, pauses: pauses) }

    private func run(_ status: String, _ more: String = "") {
        transport.on("GET /boxes/b/prompts/p", #"{"ok":true,"promptRun":{"status":"\#(status)"\#(more)}}"#)
    }

    private func stopping() {
        transport.on("POST /boxes/b/stop", 202, #"{"ok":true,"id":"b","box":{"id":"b","state":"archiving"}}"#)
    }

    private func state(_ state: String) {
        transport.on("GET /boxes/b", #"{"ok":true,"box":{"id":"b","state":"\#(state)"}}"#)
    }

    // MARK: waitForPrompt

    @Test(arguments: ["finished", "failed"]) func aPromptIsWaitedForUntilItsEnd(_ last: String) async throws {
        for status in ["sending", "queued", "queued", "running", last] { run(status) }
        let seen = Mutex<[String]>([])
        let ended = try await client().waitForPrompt("b", prompt: "p") { run in
            seen.withLock { $0.append(run.status.rawValue) }
        }
        #expect(ended.status.rawValue == last)
        #expect(seen.withLock { $0 } == ["sending", "queued", "running", last])
        #expect(pauses.all.count == 4 && pauses.all.allSatisfy { $0 <= .seconds(2) })
    }

    @Test func aStatusThatIsNotKnownEndsTheWaitWhenItIsDone() async throws {
        run("paused", #","done":false"#)
        run("cancelled", #","done":true"#)
        #expect(try await client().waitForPromptDone("b", prompt: "p").status.rawValue == "cancelled")
        #expect(transport.unused.isEmpty)
    }

    @Test func failuresThatPassAreWaitedOutOnceThereWasAnAnswer() async throws {
        run("running")
        for _ in 0..<7 { transport.fail("GET /boxes/b/prompts/p", .unreachable, "refused") }
        run("finished")
        #expect(try await client().waitForPrompt("b", prompt: "p").status == .finished)
        transport.on("GET /boxes/b/prompts/p", 404, missing)
        let client = try client()
        guard case .api(let failure)? = await boxError({ try await client.waitForPrompt("b", prompt: "p") }) else {
            return
        }
        #expect(failure.code == .notFound)
    }

    @Test func theWaitForAPromptIsLimited() async throws {
        for _ in 0..<4 { run("running") }
        let client = try client()
        let error = await boxError { try await client.waitForPrompt("b", prompt: "p", timeout: .milliseconds(600)) }
        #expect(error == .promptTimedOut(id: "b", prompt: "p", lastStatus: .running, seconds: 0))
    }

    // MARK: stopAndRemove

    @Test func aBoxIsStoppedAndThenRemoved() async throws {
        stopping()
        state("archived")
        transport.on("DELETE /boxes/b", #"{"ok":true,"id":"b","status":"deleted"}"#)
        #expect(try await client().stopAndRemove("b")?.id == "b")
        #expect(transport.unused.isEmpty)
    }

    @Test func aBoxCanBeStoppedAndKept() async throws {
        stopping()
        state("archived")
        #expect(try await client().stopAndRemove("b", delete: false) == nil)
        stopping()
        state("error")
        let client = try client()
        guard case .unexpectedState? = await boxError({ try await client.stopAndRemove("b", delete: false) }) else {
            Issue.record("a box that can't be stopped was taken for stopped")
            return
        }
    }

    @Test func whatHindersStoppingDoesNotHinderRemoving() async throws {
        transport.on("POST /boxes/b/stop", 409, #"{"ok":false,"code":"stop_failed"}"#)
            .on("DELETE /boxes/b", #"{"ok":true,"id":"b"}"#)
        #expect(try await client().stopAndRemove("b") != nil)
        stopping()
        state("error")
        transport.on("DELETE /boxes/b", #"{"ok":true,"id":"b"}"#)
        #expect(try await client().stopAndRemove("b") != nil)
    }

    @Test func aBoxThatIsGoneIsNoError() async throws {
        transport.on("POST /boxes/b/stop", 404, missing)
        #expect(try await client().stopAndRemove("b") == nil)
        stopping()
        transport.on("GET /boxes/b", 404, missing)
        #expect(try await client().stopAndRemove("b") == nil)
        stopping()
        state("archived")
        transport.on("DELETE /boxes/b", 404, missing)
        #expect(try await client().stopAndRemove("b") == nil)
    }

    @Test func aRefusedKeyEndsItAtOnce() async throws {
        transport.on("POST /boxes/b/stop", 401, #"{"error":"unauthorized"}"#)
        let client = try client()
        guard case .api(let failure)? = await boxError({ try await client.stopAndRemove("b") }) else { return }
        #expect(failure.status == 401)
    }

    // MARK: Files and commands

    @Test func textGoesBothWays() async throws {
        transport.on("GET /boxes/b/files?path=a&encoding=base64", #"{"ok":true,"encoding":"base64","content":"w7w="}"#)
            .on("GET /boxes/b/files?path=a&encoding=base64", #"{"ok":true,"encoding":"base64","content":"/w=="}"#)
            .on("PUT /boxes/b/files", #"{"ok":true,"path":"a","encoding":"utf8","size":2}"#)
            .on("POST /boxes/b/commands", #"{"ok":true,"exitCode":0,"stdout":"x"}"#)
        let client = try client()
        #expect(try await client.readText("b", path: "a") == "ü")
        #expect(await boxError { try await client.readText("b", path: "a") } == .notText(path: "a"))
        #expect(try await client.writeText("b", path: "a", "ü").encoding == .utf8)
        #expect(try await client.execCommand("b", "c", cwd: "d", timeoutSeconds: 9).stdout == "x")
        let body = transport.sent[3].body.map { String(decoding: $0, as: UTF8.self) }
        #expect(body == #"{"command":"c","cwd":"d","timeoutSeconds":9}"#)
    }
}
