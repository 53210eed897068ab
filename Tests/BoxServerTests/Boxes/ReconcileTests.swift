import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// How boxd resumes what the last one left.
struct ReconcileTests {
    /// Runs one server until `before` returns, then another one on the same data and engine, which resumes.
    private func restart<Value: Sendable>(
        engine: TestEngine = TestEngine(), _ before: @escaping @Sendable (API) async throws -> Value,
        _ after: @escaping @Sendable (API, Value) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let value = try await withServer(in: scratch, engine: engine, before)
        try await withServer(in: scratch, engine: engine) { api in
            try await api.server.boxes.reconcile()
            await api.settle()
            try await after(api, value)
        }
    }

    @Test func aRunningBoxIsAdopted() async throws {
        try await restart { api in
            let id = try await api.ready(#"{"name":"kept"}"#)
            return (id, try await api.box(id))
        } _: { api, left async throws in
            #expect(try await api.box(left.0) == left.1)
            #expect(await api.engine.calls(.start) == 1)
            #expect(try await api.post("/boxes/\(left.0)/stop").status == 202)
        }
    }

    @Test func anAddressThatChangedIsShown() async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.ip = "192.0.2.1" }
            return id
        } _: { api, id async throws in
            #expect(try await api.box(id)["ip"] == "10.0.0.2")
        }
    }

    @Test(arguments: ["init", "provisioning"])
    func anUnfinishedStartIsFinished(_ state: String) async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.engine.remove(id)
            try await api.rewrite(id) { ($0.state, $0.ip) = (state, nil) }
            return id
        } _: { api, id async throws in
            if state == "provisioning" { #expect(try await api.state(id) == "ready") }
            #expect(try await api.state(id) != "init", "nothing stays half done")
        }
    }

    @Test func anUnfinishedStopIsFinished() async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.state = "archiving" }
            return id
        } _: { api, id async throws in
            #expect(try await api.state(id) == "archived")
            #expect(await api.engine.status(id) == .stopped)
        }
    }

    @Test(arguments: ["provisioned", "ready", "idle", "running", "cloning"])
    func aBoxWhoseMachineIsGoneIsArchivedWithItsDisk(_ state: String) async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.state = state }
            await api.engine.loseAllMachines()
            return id
        } _: { api, id async throws in
            let box = try await api.box(id)
            #expect(box["state"] == "archived")
            #expect(box["snapshotAvailable"] == true)
            #expect(box["ip"] == .null)
        }
    }

    @Test func aBoxWhoseStopWasNotStoredIsArchived() async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.engine.stop(id, grace: StopGrace(.seconds(1)))
            return id
        } _: { api, id async throws in
            #expect(try await api.state(id) == "archived")
        }
    }

    @Test func aBoxWhoseDiskIsGoneIsAnError() async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.engine.remove(id)
            return id
        } _: { api, id async throws in
            let box = try await api.box(id)
            #expect(box["state"] == "error")
            #expect(box["ip"] == .null)
            #expect(box["errorMessage"]?.string?.contains("disk") == true)
        }
    }

    @Test(arguments: ["archived", "error"])
    func whatRestsIsLeftAlone(_ state: String) async throws {
        try await restart { api in
            let id = try await api.archived()
            try await api.rewrite(id) { $0.state = state }
            return (id, try await api.box(id))
        } _: { api, left async throws in
            #expect(try await api.box(left.0) == left.1)
        }
    }

    @Test func anUnfinishedDeleteIsFinished() async throws {
        try await restart { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.isDeleting = true }
            return id
        } _: { api, id async throws in
            #expect(try await api.row(id) == nil)
            #expect(await api.engine.machines() == [])
        }
    }

    @Test(arguments: [false, true])
    func anUnfinishedForkIsFinished(_ hasDisk: Bool) async throws {
        try await restart { api in
            let source = try await api.archived()
            let id = try #require(try await api.post("/boxes/\(source)/fork").json["id"]?.string)
            await api.settle()
            try await api.engine.remove(id)
            if hasDisk { try await api.engine.fork(source, to: id) }
            try await api.rewrite(id) { ($0.state, $0.ip, $0.forkedFrom) = ("provisioning", nil, source) }
            return (source, id, await api.engine.calls(.fork))
        } _: { api, left async throws in
            #expect(try await api.state(left.1) == "ready")
            #expect(await api.engine.calls(.fork) == left.2 + (hasDisk ? 0 : 1))
            #expect(try await api.row(left.1)?.forkedFrom == nil)
        }
    }

    @Test func anUnfinishedForkOfABoxThatIsBeingDeletedGetsItsDiskFirst() async throws {
        try await restart { api in
            let source = try await api.archived()
            let id = try #require(try await api.post("/boxes/\(source)/fork").json["id"]?.string)
            await api.settle()
            try await api.engine.remove(id)
            try await api.rewrite(id) { ($0.state, $0.ip, $0.forkedFrom) = ("provisioning", nil, source) }
            try await api.rewrite(source) { $0.isDeleting = true }
            return (source, id)
        } _: { api, left async throws in
            #expect(try await api.state(left.1) == "ready")
            #expect(try await api.row(left.0) == nil)
        }
    }

    @Test func machinesWithoutABoxAreStoppedAndKept() async throws {
        let engine = TestEngine()
        _ = try await engine.start(MachineSpec(id: "bx_22222222"))
        try await restart(engine: engine) {
            try await $0.ready()
        } _: { api, id async throws in
            #expect(await api.engine.machines() == [id, "bx_22222222"].sorted())
            #expect(await api.engine.status("bx_22222222") == .stopped)
        }
    }

    @Test func aMachineThatCannotBeRemovedKeepsNoBoxFromBeingServed() async throws {
        let engine = TestEngine()
        _ = try await engine.start(MachineSpec(id: "bx_22222222"))
        await engine.fail(.remove, with: EngineError(.failed, "busy"))
        try await restart(engine: engine) {
            try await $0.ready()
        } _: { api, id async throws in
            #expect(try await api.state(id) == "ready")
        }
    }
}

/// The periodic work on boxes.
struct WatchTests {
    private static let longAgo: Int64 = 1_779_984_033_143

    @Test func aBoxWhoseTimeIsUpIsStoppedAndNotDeleted() async throws {
        try await withServer { api in
            let (expired, other, endless) = (
                try await api.ready(), try await api.ready(), try await api.ready(#"{"ttlSeconds":null}"#)
            )
            try await api.rewrite(expired) { $0.archiveAfter = Timestamp.now.milliseconds }
            try await api.server.boxes.stopExpired()
            await api.settle()
            #expect(try await api.state(expired) == "archived")
            #expect(try await api.box(expired)["snapshotAvailable"] == true)
            #expect(try await api.state(other) == "ready")
            #expect(try await api.state(endless) == "ready")
        }
    }

    @Test(arguments: ["provisioned", "ready", "idle", "running"])
    func activityDoesNotProlongIt(_ state: String) async throws {
        try await withServer { api in
            let id = try await api.ready()
            try await api.rewrite(id) { ($0.state, $0.archiveAfter) = (state, Self.longAgo) }
            try await api.server.boxes.stopExpired()
            await api.settle()
            #expect(try await api.state(id) == "archived")
        }
    }

    @Test(arguments: ["provisioning", "archiving", "archived", "error"])
    func whatDoesNotRunIsNotStopped(_ state: String) async throws {
        try await withServer { api in
            let id = try await api.archived()
            try await api.rewrite(id) { ($0.state, $0.archiveAfter) = (state, Self.longAgo) }
            try await api.server.boxes.stopExpired()
            await api.settle()
            #expect(try await api.state(id) == state)
            #expect(await api.engine.calls(.stop) == 1)
        }
    }

    @Test func aBoxWhoseTimePassedWhileTheServerWasDownIsStopped() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let engine = TestEngine()
        let id = try await withServer(in: scratch, engine: engine) { api in
            let id = try await api.ready(#"{"ttlSeconds":1}"#)
            try await api.rewrite(id) { $0.archiveAfter = Self.longAgo }
            return id
        }
        try await withServer(in: scratch, engine: engine) { api in
            try await api.server.boxes.reconcile()
            try await api.server.boxes.stopExpired()
            await api.settle()
            #expect(try await api.state(id) == "archived")
        }
    }

    @Test func aResumedBoxGetsNewTime() async throws {
        try await withServer { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.archiveAfter = Self.longAgo }
            try await api.server.boxes.stopExpired()
            await api.settle()
            _ = try await api.post("/boxes/\(id)/resume")
            await api.settle()
            try await api.server.boxes.stopExpired()
            await api.settle()
            #expect(try await api.state(id) == "ready")
        }
    }

    @Test func aBoxWhoseMachineEndedIsArchived() async throws {
        try await withServer { api in
            let lost = try await api.ready()
            await api.engine.loseAllMachines()
            let running = try await api.ready()
            try await api.server.boxes.archiveLost()
            await api.settle()
            #expect(try await api.state(lost) == "archived")
            #expect(try await api.state(running) == "ready")
            #expect(await api.engine.calls.contains("stop \(lost) force"))
        }
    }

    @Test func watchingTwiceStopsOnce() async throws {
        try await withServer { api in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.archiveAfter = Self.longAgo }
            await api.engine.hold(.stop)
            for _ in 0..<3 { try await api.server.boxes.stopExpired() }
            await api.engine.release(.stop)
            await api.settle()
            #expect(await api.engine.calls(.stop) == 1)
        }
    }
}
