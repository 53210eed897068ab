import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct LifecycleTests {
    /// The response to an action: its status, and the error's code.
    struct Outcome: Sendable, Equatable, CustomStringConvertible {
        var status: Int
        var code: String?
        init(_ status: Int, _ code: String? = nil) { (self.status, self.code) = (status, code) }
        var description: String { "\(status) \(code ?? "")" }
    }

    /// Every action in every state.
    static let table: [(state: String, stop: Outcome, resume: Outcome, fork: Outcome, sshkey: Outcome)] = {
        let (ok, done) = (Outcome(202), Outcome(200))
        let (noStop, noResume) = (Outcome(400, "stop_failed"), Outcome(409, "resume_failed"))
        let (noFork, noKey) = (Outcome(409, "fork_failed"), Outcome(400, "machine_not_running"))
        return [
            ("init", noStop, ok, noFork, noKey),
            ("provisioning", noStop, ok, noFork, noKey),
            ("provisioned", ok, ok, ok, done),
            ("cloning", ok, ok, noFork, noKey),
            ("ready", ok, ok, ok, done),
            ("idle", ok, ok, ok, done),
            ("running", ok, ok, ok, done),
            ("archiving", ok, noResume, noFork, noKey),
            ("archived", ok, ok, ok, noKey),
            ("error", ok, ok, ok, noKey),
        ]
    }()

    @Test func theTableHasEveryState() { #expect(Self.table.map(\.state) == BoxState.all.map(\.rawValue)) }

    private func outcome(_ api: API, _ action: String, in state: String, _ body: String? = nil) async throws -> Outcome
    {
        let id = try await state == "archived" ? api.archived() : api.ready()
        try await api.rewrite(id) { $0.state = state }
        let answer = try await api.post("/boxes/\(id)/\(action)", body)
        if answer.status != 200 && answer.status != 202 {
            #expect(answer.message.contains(id), "\(answer.text)")
            #expect(answer.json["error"]?["details"]?["state"]?.string == state, "\(answer.text)")
        }
        return Outcome(answer.status, answer.code)
    }

    @Test(arguments: table.map { ($0.state, $0.stop) })
    func stopInEveryState(_ state: String, _ expected: Outcome) async throws {
        try await withServer { api async throws in #expect(try await outcome(api, "stop", in: state) == expected) }
    }

    @Test(arguments: table.map { ($0.state, $0.resume) })
    func resumeInEveryState(_ state: String, _ expected: Outcome) async throws {
        try await withServer { api async throws in #expect(try await outcome(api, "resume", in: state) == expected) }
    }

    @Test(arguments: table.map { ($0.state, $0.fork) })
    func forkInEveryState(_ state: String, _ expected: Outcome) async throws {
        try await withServer { api async throws in #expect(try await outcome(api, "fork", in: state) == expected) }
    }

    @Test(arguments: table.map { ($0.state, $0.sshkey) })
    func addingAKeyInEveryState(_ state: String, _ expected: Outcome) async throws {
        try await withServer { api async throws in
            #expect(try await outcome(api, "sshkey", in: state, #"{"key":"\#(SSHKeyTests.key)"}"#) == expected)
        }
    }

    @Test(arguments: BoxState.all.map(\.rawValue))
    func deleteInEveryState(_ state: String) async throws {
        try await withServer { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.state = state }
            let answer = try await api.delete("/boxes/\(id)")
            #expect(answer.status == 200)
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "id", "status"])
            #expect(answer.json["type"] == "box.deleted")
            #expect(answer.json["id"] == .string(id))
            #expect(answer.json["status"] == "deleted")
            #expect(try await api.get("/boxes/\(id)").status == 404)
            #expect(await api.engine.machines() == [])
        }
    }

    // MARK: Stop

    @Test func stopSealsTheDisk() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/stop")
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "id", "status", "box"])
            #expect(answer.json["type"] == "box.stopping")
            #expect(answer.json["id"] == .string(id))
            #expect(answer.json["status"] == "archiving")
            #expect(answer.box["state"] == "archiving")
            await api.settle()
            let box = try await api.box(id)
            #expect(box["state"] == "archived")
            #expect(box["ip"] == .null)
            #expect(box["archiveAfter"] == .null)
            #expect(box["snapshotAvailable"] == true)
            #expect(box["snapshotCompletedAt"]?.string != nil)
            #expect(await api.engine.status(id) == .stopped)
        }
    }

    @Test func stopOfAStoppedOrStoppingBoxIsHarmless() async throws {
        try await withServer { api in
            let id = try await api.ready()
            await api.engine.hold(.stop)
            for _ in 0..<3 {
                let answer = try await api.post("/boxes/\(id)/stop")
                #expect(answer.status == 202)
                #expect(answer.json["type"] == "box.stopping")
                #expect(answer.json["status"] == "archiving")
            }
            await api.engine.release(.stop)
            await api.settle()
            let before = try await api.box(id)
            #expect(try await api.post("/boxes/\(id)/stop").status == 202)
            await api.settle()
            #expect(try await api.box(id) == before)
            #expect(await api.engine.calls(.stop) == 1)
        }
    }

    @Test func forceIsPassedOn() async throws {
        try await withServer { api in
            let (gentle, forced) = (try await api.ready(), try await api.ready())
            _ = try await api.post("/boxes/\(gentle)/stop", #"{"force":false}"#)
            _ = try await api.post("/boxes/\(forced)/stop", #"{"force":true}"#)
            await api.settle()
            let calls = await api.engine.calls
            #expect(calls.contains("stop \(gentle)"))
            #expect(calls.contains("stop \(forced) force"))
            #expect(try await api.post("/boxes/\(gentle)/stop", #"{"force":"yes"}"#).status == 400)
        }
    }

    @Test func aStopThatFailsIsAnErrorThatCanBeStoppedAgain() async throws {
        try await withServer { api in
            let id = try await api.ready()
            await api.engine.fail(
                .stop, with: EngineError(.failed, "the host's disk is full", diagnostics: "/var/secret/path"))
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            #expect(try await api.box(id)["state"] == "error")
            #expect(try await api.box(id)["errorMessage"] == "the host's disk is full")
            #expect(try await api.box(id)["snapshotAvailable"] == false)
            await api.engine.fail(.stop, with: nil)
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            #expect(try await api.state(id) == "archived")
            #expect(try await api.box(id)["errorMessage"] == nil)
        }
    }

    // MARK: Resume

    @Test func resumeStartsOverTheSameDisk() async throws {
        try await withServer { api in
            let id = try await api.archived(#"{"env":{"A":"1"}}"#)
            let before = Timestamp.now
            let answer = try await api.post("/boxes/\(id)/resume")
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "id", "status", "box"])
            #expect(answer.json["type"] == "box.resuming")
            #expect(answer.json["status"] == "resuming")
            #expect(answer.box["state"] == "provisioning")
            let end = try #require(answer.box["archiveAfter"]?.string.flatMap(Timestamp.init(iso8601:)))
            #expect(end >= before.advanced(bySeconds: 3600))
            await api.settle()
            #expect(try await api.state(id) == "ready")
            #expect(await api.engine.lastSpec(of: id)?.environment.map(\.name) == ["A"])
        }
    }

    @Test func resumeTakesOptions() async throws {
        try await withServer { api in
            let id = try await api.archived(#"{"env":{"A":"1"},"type":"small"}"#)
            let answer = try await api.post(
                "/boxes/\(id)/resume", #"{"ttlSeconds":null,"type":"large","env":{"B":"2"},"noEnv":true}"#)
            #expect(answer.box["archiveAfter"] == .null)
            await api.settle()
            let spec = try #require(await api.engine.lastSpec(of: id))
            #expect(spec.type == .large)
            #expect(spec.environment.map(\.name) == ["B"])
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            _ = try await api.post("/boxes/\(id)/resume", #"{"env":{}}"#)
            await api.settle()
            #expect(await api.engine.lastSpec(of: id)?.environment.isEmpty == true, "an empty environment is one")
        }
    }

    @Test func resumeOfARunningBoxChangesNothing() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let before = try await api.box(id)
            let answer = try await api.post("/boxes/\(id)/resume", #"{"ttlSeconds":60}"#)
            #expect(answer.status == 202)
            #expect(answer.json["type"] == "box.resuming")
            await api.settle()
            #expect(try await api.box(id) == before)
            #expect(await api.engine.calls(.start) == 1)
        }
    }

    @Test func twentyResumesAtOnceAreOneStart() async throws {
        try await withServer { api in
            let id = try await api.archived()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let answer = try await api.post("/boxes/\(id)/resume")
                        #expect(answer.status == 202)
                    }
                }
                try await group.waitForAll()
            }
            await api.settle()
            #expect(try await api.state(id) == "ready")
            #expect(await api.engine.calls(.start) == 2)
        }
    }

    @Test func aLostDiskIsNotReplacedByAnEmptyOne() async throws {
        try await withServer { api in
            let id = try await api.archived()
            try await api.engine.remove(id)
            _ = try await api.post("/boxes/\(id)/resume")
            await api.settle()
            #expect(try await api.state(id) == "error")
            #expect(try await api.box(id)["errorMessage"]?.string?.contains("disk") == true)
        }
    }

    // MARK: Start failures

    @Test func aFailedStartIsAnErrorWithoutTheHostsDetails() async throws {
        try await withServer { api in
            await api.engine.fail(
                .start,
                with: EngineError(.failed, "the box's sshd did not answer", diagnostics: "/var/lib/boxd/boxes/x: EIO"))
            let id = try await api.create()
            await api.settle()
            let answer = try await api.get("/boxes/\(id)")
            #expect(answer.box["state"] == "error")
            #expect(answer.box["ip"] == .null)
            #expect(answer.box["errorMessage"] == "the box's sshd did not answer")
            #expect(!answer.text.contains("/var/lib") && !answer.text.contains("EIO"))
            #expect(try await api.get("/boxes").text.contains("/var/lib") == false)
        }
    }

    @Test func anErrorOfAnotherKindIsNotShownAtAll() async throws {
        struct Strange: Error { let path = "/root/secret" }
        try await withServer { api in
            await api.engine.fail(.start, with: Strange())
            let id = try await api.create()
            await api.settle()
            let answer = try await api.get("/boxes/\(id)")
            #expect(answer.box["state"] == "error")
            #expect(answer.box["errorMessage"] == "the server could not start the box")
            #expect(!answer.text.contains("secret"))
        }
    }

    @Test func aFailedBoxCanBeResumed() async throws {
        try await withServer { api in
            await api.engine.fail(.start, with: EngineError(.failed, "no"))
            let id = try await api.create()
            await api.settle()
            await api.engine.fail(.start, with: nil)
            #expect(try await api.post("/boxes/\(id)/resume").status == 202)
            await api.settle()
            #expect(try await api.state(id) == "ready")
            #expect(try await api.box(id)["errorMessage"] == nil)
        }
    }

    @Test func aFailedBoxWithoutADiskHasNoSnapshotWhenStopped() async throws {
        try await withServer { api in
            await api.engine.fail(.start, with: EngineError(.failed, "no"))
            let id = try await api.create()
            await api.settle()
            #expect(try await api.post("/boxes/\(id)/stop").status == 202)
            await api.settle()
            #expect(try await api.state(id) == "archived")
            #expect(try await api.box(id)["snapshotAvailable"] == false)
        }
    }
}
