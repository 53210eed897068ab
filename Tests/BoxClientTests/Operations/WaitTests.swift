import BoxClient
import BoxModel
import Synchronization
import Testing

@Suite struct WaitTests {
    let transport = ScriptedTransport()
    let pauses = PauseLog()

    private func script(_ states: String...) {
        for state in states { transport.on("GET /boxes/bx_1", #"{"ok":true,"box":{"id":"bx_1","state":"\#(state)"}}"#) }
    }

    private func box(_ state: String) -> Box? { Box(json: ["id": "bx_1", "state": .string(state)]) }

    @Test func eachStateOnceAndThenReady() async throws {
        script("provisioning", "provisioning", "provisioned", "ready")
        let seen = Mutex<[String]>([])
        let ready = try await BoxClient.scripted(transport, pauses: pauses)
            .waitUntilReady("bx_1", from: box("provisioning")) { box in seen.withLock { $0.append(box.state.rawValue) }
            }
        #expect(ready.state == .ready)
        #expect(seen.withLock { $0 } == ["provisioning", "provisioned", "ready"])
        #expect(pauses.all == [.milliseconds(20), .milliseconds(20), .milliseconds(20), .milliseconds(20)])
    }

    private func tell(_ state: String, tag: String) {
        transport.on(
            "GET /boxes/bx_1", 200, #"{"ok":true,"box":{"id":"bx_1","state":"\#(state)"}}"#,
            headers: [HTTPHeader("ETag", tag), HTTPHeader("Preference-Applied", "wait")])
    }

    @Test func aServerThatTellsOfChangesIsNotPolled() async throws {
        tell("provisioning", tag: "\"1\"")
        tell("cloning", tag: "\"2\"")
        tell("ready", tag: "\"3\"")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(try await client.waitUntilReady("bx_1").state == .ready)
        #expect(pauses.all == [])
        let asked = transport.sent.map { request in
            ["Prefer", "If-None-Match"].map { name in request.headers.first { $0.name == name }?.value }
        }
        #expect(asked == [["wait=25", nil], ["wait=25", "\"1\""], ["wait=25", "\"2\""]])
    }

    @Test func aServerThatOnlySeemsToWaitIsPolled() async throws {
        for _ in 0..<3 {
            tell("provisioning", tag: "\"1\"")
            transport.on("GET /boxes/bx_1", 304, "")
        }
        tell("ready", tag: "\"2\"")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(try await client.waitUntilReady("bx_1").state == .ready)
        #expect(pauses.all.count == 3)
    }

    @Test func pausesGrowToASecond() async throws {
        for _ in 0..<30 { script("provisioning") }
        script("idle")
        _ = try await BoxClient.scripted(transport, pauses: pauses).waitUntilReady("bx_1")
        #expect(pauses.all.last == .seconds(1))
        #expect(zip(pauses.all, pauses.all.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func aFailedBoxEndsTheWait() async throws {
        script("error")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        let error = await boxError { try await client.waitUntilReady("bx_1") }
        #expect(error == box("error").map { .unexpectedState($0) })
    }

    @Test func aResumedBoxMayStillBeShownAsStopped() async throws {
        script("archived", "provisioning", "running")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(try await client.waitUntilReady("bx_1", from: box("archived")).state == .running)
        script("provisioning", "archiving")
        let error = await boxError { try await client.waitUntilReady("bx_1") }
        #expect(error == box("archiving").map { .unexpectedState($0) })
    }

    @Test func aBoxThatIsDeletedEndsTheWait() async throws {
        script("provisioning")
        transport.on("GET /boxes/bx_1", 404, #"{"error":"not_found"}"#)
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(await boxError { try await client.waitUntilReady("bx_1") } == .deletedWhileWaiting(id: "bx_1"))
    }

    @Test func theTimeIsLimited() async throws {
        for _ in 0..<10 { script("provisioning") }
        let client = try BoxClient.scripted(transport, pauses: pauses)
        let error = await boxError { try await client.waitUntilReady("bx_1", timeout: .milliseconds(100)) }
        #expect(error == .waitTimedOut(id: "bx_1", lastState: .provisioning, seconds: 0))
        #expect(pauses.all.count == 5)
    }

    @Test func untilStopped() async throws {
        script("archiving", "archived")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(try await client.waitUntilStopped("bx_1", from: box("ready")).state == .archived)
    }

    @Test func untilIdle() async throws {
        script("provisioning", "ready", "running", "idle")
        let client = try BoxClient.scripted(transport, pauses: pauses)
        #expect(try await client.waitUntilIdle("bx_1").state == .idle)
    }

    @Test(arguments: ["archived", "archiving", "error"])
    func aBoxThatCannotBecomeIdleEndsTheWait(_ state: String) async throws {
        script(state)
        let client = try BoxClient.scripted(transport, pauses: pauses)
        let error = await boxError { try await client.waitUntilIdle("bx_1") }
        #expect(error == box(state).map { .unexpectedState($0) })
    }

    @Test func cancellingEndsTheWait() async throws {
        for _ in 0..<3 { script("provisioning") }
        let client = try BoxClient.scripted(transport, pauses: pauses).with {
            $0.pause = { try await Task.sleep(for: $0 * 100) }
        }
        let task = Task { try await client.waitUntilReady("bx_1") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
