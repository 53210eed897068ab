import BoxEngine
import BoxModel
import Glibc
import Logging

extension OCIEngine {
    public func fork(_ source: String, to id: String) async throws {
        guard let record = records[source] else { throw EngineError(.noSuchMachine, "no machine \(source)") }
        let slot = try reserveSlot()
        defer { releaseSlot(slot) }
        // Held before it exists, because layers without a known user are removed.
        let fresh = MachineRecord.Layer(
            id: MachineDisk.newLayerID(), idBase: Slots.idBase(of: slot), isWhole: true)
        let held = record.layers + [fresh]
        holdLayers(held)
        defer { releaseLayers(held) }
        let wroteSomething = try await copyUnsealed(record, to: fresh)
        try addRecord(
            MachineRecord(id: id, slot: slot, image: record.image, layers: wroteSomething ? held : record.layers))
    }

    /// Copies what the machine wrote since it started. The machine is frozen meanwhile.
    ///
    /// - Returns: false when its disk is sealed and there is nothing to copy.
    private func copyUnsealed(_ record: MachineRecord, to layer: MachineRecord.Layer) async throws -> Bool {
        let disk = disk(record.id)
        guard disk.isUnsealed else { return false }
        guard processes[record.id]?.isAlive == true else {
            try await disk.copyUpper(to: layer, of: record)
            return true
        }
        let freezes = processes[record.id]?.freezes
        freezes?.begin()
        defer { freezes?.end() }
        try await freeze(record.id)
        do { try await disk.copyUpper(to: layer, of: record) } catch {
            try await thaw(record.id)
            throw error
        }
        try await thaw(record.id)
        return true
    }

    /// Freezes a machine. With cgroup v1 an attempt can fail while processes start and end in the machine, as they do
    /// around an agent. The kernel then requires a retry.
    func freeze(_ id: String) async throws {
        for _ in 1..<Self.freezeTries {
            do { return try await runtime.pause(id) } catch is EngineError where processes[id]?.isAlive == true {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await runtime.pause(id)
    }

    /// Resumes a machine, unless it is paused because it fills the disk.
    private func thaw(_ id: String) async throws {
        if !isPausedForSpace(id) { try await runtime.resume(id) }
    }

    private static let freezeTries = 20

    public func compact(_ id: String) async throws {
        guard var record = records[id], !disk(id).isUnsealed else { return }
        // Its own layers are the topmost ones. The layers below came with a fork and were written with other ids.
        let own = Array(record.layers.reversed().prefix { $0.idBase == record.idBase }.reversed())
        guard own.count > configuration.mergeThreshold else { return }
        let merged = MachineRecord.Layer(id: MachineDisk.newLayerID(), idBase: record.idBase)
        holdLayers(own + [merged])
        defer { releaseLayers(own + [merged]) }
        try await disk(id).merge(own, into: merged)
        record.layers = record.layers.dropLast(own.count) + [merged]
        try disk(id).save(record)
        update(record)
        releaseLayers(own)
        defer { holdLayers(own) }
        await removeUnusedLayers()
        logger.info("merged layers", metadata: ["box": "\(id)", "layers": "\(own.count)"])
    }

    public func setAuthorizedKeys(_ keys: [String], of id: String) async throws {
        guard let record = records[id], processes[id]?.isAlive == true else {
            throw EngineError(.machineNotRunning, "the box is not running")
        }
        try GuestFiles(disk: disk(id), owner: record.idBase).writeAuthorizedKeys(keys)
    }

    public func setEnvironment(_ environment: [(name: String, value: String)], of id: String) async throws {
        guard let record = records[id], processes[id]?.isAlive == true else {
            throw EngineError(.machineNotRunning, "the box is not running")
        }
        try GuestFiles(disk: disk(id), owner: record.idBase).writeEnvironment(environment)
    }
}
