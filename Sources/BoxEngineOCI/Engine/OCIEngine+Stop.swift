import BoxEngine
import BoxModel
import Glibc
import Logging

extension OCIEngine {
    public func stop(_ id: String, grace: StopGrace) async throws {
        guard let record = records[id] else { throw EngineError(.noSuchMachine, "no machine \(id)") }
        try await end(record, grace: grace)
        let disk = disk(id)
        try seal(record)
        try await blocking { disk.unmount() }
        GuestFiles(disk: disk, owner: record.idBase).removeSecrets()
    }

    public func remove(_ id: String) async throws {
        guard let record = records[id] else { return }
        try await end(record, grace: .none)
        try await disk(id).remove(record)
        forget(id)
        await removeUnusedLayers()
    }

    /// Ends the machine's processes and removes its veth pair and cgroup. Its disk isn't changed.
    private func end(_ record: MachineRecord, grace: StopGrace) async throws {
        // A paused machine can't end by itself, and must not be resumed to write more.
        let grace = isPausedForSpace(record.id) ? .none : grace
        if let running = processes[record.id], try await !running.end(grace: grace) {
            // The machine may be frozen. Then it processes the signal once it is thawed.
            try? await runtime.resume(record.id)
            guard try await running.end(grace: .none) else {
                throw EngineError(
                    .failed, "the box's processes could not be ended", diagnostics: "process \(running.first)")
            }
        }
        processes[record.id] = nil
        forgetPause(record.id)
        try await runtime.delete(record.id)
        if let network = try? readyNetwork() { await network.disconnect(record.id, slot: record.slot) }
    }

    func seal(_ record: MachineRecord) throws {
        var record = record
        // Updated even on failure: a failure in between must not lose a layer that has its new name already.
        defer { update(record) }
        try disk(record.id).seal(&record)
    }
}
