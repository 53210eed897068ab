import BoxClient
import BoxModel
import Testing

@Suite struct PromptFollowerTests {
    @Test func onlyThePromptsOwnEventsAndItsEndLast() async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "queued"))
        server.store(.init(id: "other", type: "prompt", timestamp: 101, status: "queued"))
        var follower = PromptFollower(try .scripted(server), box: "bx_1", prompt: "p", after: nil)
        #expect(try await follower.next()?.compactMap(\.id) == ["p"])
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "failed"))
        var last: [BoxEvent] = []
        while let events = try await follower.next() { last += events }
        #expect(last.compactMap(\.status) == [.failed])
        #expect(follower.status == .failed)
    }

    /// All reported events, by id and status.
    private func drain(_ follower: inout PromptFollower) async throws -> [String] {
        var told: [String] = []
        while let events = try await follower.next() {
            told += events.map { ($0.id ?? "-") + ($0.status.map { " \($0.rawValue)" } ?? "") }
        }
        return told
    }

    @Test(arguments: ["cancelled", "interrupted"])
    func aLastStatusThatIsNotKnownEndsItWhenTheRunIsDone(status: String) async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "queued"))
        server.setRun(["status": "queued", "done": false])
        var follower = PromptFollower(try .scripted(server), box: "bx_1", prompt: "p", after: nil)
        #expect(try await follower.next()?.compactMap(\.id) == ["p"])
        server.store(.init(id: "r", type: "response", timestamp: 110, taskID: "p"))
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: status))
        server.setRun(["status": .string(status), "done": true])
        #expect(try await drain(&follower) == ["r", "p \(status)"])
        #expect(follower.status.rawValue == status)
    }

    @Test func aPromptThatIsOverInAnUnknownWayWhenItIsFirstSeen() async throws {
        let server = EventServer(pageSize: 2)
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "cancelled"))
        for number in 0..<5 {
            server.store(.init(id: "r\(number)", type: "response", timestamp: 110 + number, taskID: "p"))
        }
        server.setRun(["status": "cancelled", "done": true])
        var follower = PromptFollower(try .scripted(server), box: "bx_1", prompt: "p", after: nil)
        #expect(try await drain(&follower) == ["r0", "r1", "r2", "r3", "r4", "p cancelled"])
    }

    @Test func aStatusThatIsNotKnownAndNotTheLastIsFollowedOn() async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "paused"))
        server.setRun(["status": "paused", "done": false])
        var follower = PromptFollower(try .scripted(server), box: "bx_1", prompt: "p", after: nil)
        #expect(try await follower.next()?.compactMap(\.id) == ["p"])
        for _ in 0..<5 { #expect(try await follower.next()?.isEmpty == true) }
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "finished"))
        #expect(try await drain(&follower) == ["p finished"])
    }

    @Test func anEndThatOnlyTheRunTells() async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "running"))
        server.setRun(["status": "failed"])
        var follower = PromptFollower(try .scripted(server), box: "bx_1", prompt: "p", after: nil)
        #expect(try await drain(&follower) == ["p running"])
        #expect(follower.status == .failed)
    }

    @Test func aRunThatCannotBeReadIsAskedForAgain() async throws {
        let server = EventServer()
        server.store(.init(id: "p", type: "prompt", timestamp: 100, status: "cancelled"))
        var follower = PromptFollower(try .scripted(server), box: "bx_1", prompt: "p", after: nil)
        #expect(try await follower.next()?.compactMap(\.id) == ["p"])
        #expect(try await follower.next()?.isEmpty == true)
        server.setRun(["status": "cancelled", "done": true])
        #expect(try await drain(&follower) == [])
        #expect(follower.status.rawValue == "cancelled")
    }
}
