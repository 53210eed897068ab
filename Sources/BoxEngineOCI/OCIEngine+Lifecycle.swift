import BoxEngine
import BoxModel
import Glibc
import Logging

extension OCIEngine {
    public func start(_ machine: MachineSpec) async throws -> String {
        let network = try readyNetwork()
        let existing = records[machine.id]
        if existing != nil { try await clearRemains(machine.id) }
        var rollback = RollbackStack()
        do {
            let record = try existing ?? addRecord(machine.id, image: currentImage(), layers: [])
            rollback.push("record") { [self] in if existing == nil { try await remove(machine.id) } }
            let address = network.subnet.address(of: record.slot)
            try await boot(machine, record, address: address, network: network, rollback: &rollback)
            return address
        } catch {
            for failure in await rollback.rollBack() {
                logger.error(
                    "rolling back a start",
                    metadata: ["box": "\(machine.id)", "step": "\(failure.name)", "error": "\(failure.error)"])
            }
            throw error
        }
    }

    /// From a disk to a machine whose sshd answers. Each step pushes what undoes it.
    private func boot(
        _ machine: MachineSpec, _ record: MachineRecord, address: String, network: Network,
        rollback: inout RollbackStack
    ) async throws {
        let disk = disk(record.id)
        let spec = runtimeSpec(record, machine)
        let hadUpper = disk.isUnsealed
        rollback.push("disk") {
            disk.unmount()
            // What a lost machine had written stays for the next attempt.
            if !hadUpper { for folder in [disk.upper, disk.work] { try HostFiles.removeTree(folder) } }
        }
        try disk.mount(record)
        try GuestFiles(disk: disk, owner: record.idBase).write(for: machine, hostname: spec.hostname, address: address)
        try HostFiles.write(spec.json.compact, to: "\(disk.bundle)/config.json")

        rollback.push("network") { await network.disconnect(record.id, slot: record.slot) }
        async let admitted: Void = network.admit(record.id, slot: record.slot)
        rollback.push("machine") { [runtime] in try await runtime.delete(record.id) }
        let process = try await runtime.create(record.id, bundle: disk.bundle)
        // Nothing of the machine runs before its limits are set; its sshd listens on whatever cable there will be.
        async let connected: Void = network.connect(record.id, slot: record.slot, process: process)
        try KernelLimits.set(for: process)
        guard let running = MachineProcesses(first: process) else {
            throw EngineError(.failed, "the box ended as soon as it was made")
        }
        try await runtime.start(record.id, running, bundle: disk.bundle)
        try await connected
        try await admitted
        try await SSHProbe.wait(for: address, timeout: configuration.startTimeout) { running.isAlive }
        processes[record.id] = running
    }

    public func stop(_ id: String, force: Bool) async throws {
        guard var record = records[id] else { throw EngineError(.noSuchMachine, "no machine \(id)") }
        try await end(record, grace: force ? 0 : configuration.stopGracePeriod)
        let disk = disk(id)
        try disk.seal(&record)
        update(record)
        disk.unmount()
        GuestFiles(disk: disk, owner: record.idBase).removeSecrets()
    }

    public func remove(_ id: String) async throws {
        guard let record = records[id] else { return }
        try await end(record, grace: 0)
        try await disk(id).remove()
        forget(id)
        await removeUnusedLayers()
    }

    /// Ends the machine's processes and takes away its cable and cgroup. Its disk stays as it is.
    private func end(_ record: MachineRecord, grace: Double) async throws {
        if let running = processes[record.id], await !running.end(grace: grace) {
            // Frozen, perhaps: then the signal is taken once it is thawed.
            try? await runtime.resume(record.id)
            guard await running.end(grace: 0) else {
                throw EngineError(
                    .failed, "the box's processes could not be ended", diagnostics: "process \(running.first)")
            }
        }
        processes[record.id] = nil
        try await runtime.delete(record.id)
        if let network = try? readyNetwork() { await network.disconnect(record.id, slot: record.slot) }
    }

    /// Takes away what a machine, or an attempt to start one, left behind.
    private func clearRemains(_ id: String) async throws {
        try await runtime.delete(id)
        disk(id).unmount()
    }
}

extension OCIEngine {
    public func fork(_ source: String, to id: String) async throws {
        guard let record = records[source] else { throw EngineError(.noSuchMachine, "no machine \(source)") }
        // Held before it exists: what nobody is known to need is removed.
        let fresh = MachineRecord.Layer(id: MachineDisk.newLayerID(), idBase: record.idBase)
        let held = record.layers + [fresh]
        holdLayers(held)
        defer { releaseLayers(held) }
        let wroteSomething = try await copyUnsealed(record, to: fresh)
        _ = try addRecord(id, image: record.image, layers: wroteSomething ? held : record.layers)
    }

    /// Copies what the machine wrote since it started, freezing it meanwhile.
    ///
    /// - Returns: false when its disk is sealed, so that there is nothing to copy.
    private func copyUnsealed(_ record: MachineRecord, to layer: MachineRecord.Layer) async throws -> Bool {
        let disk = disk(record.id)
        guard disk.isUnsealed else { return false }
        guard processes[record.id]?.isAlive == true else {
            try await disk.copyUpper(to: layer)
            return true
        }
        try await freeze(record.id)
        do { try await disk.copyUpper(to: layer) } catch {
            try await runtime.resume(record.id)
            throw error
        }
        try await runtime.resume(record.id)
        return true
    }

    /// With cgroup v1 it takes luck while processes come and go in the machine, as they do around an agent: the kernel wants it tried again.
    private func freeze(_ id: String) async throws {
        for _ in 1..<Self.freezeTries {
            do { return try await runtime.pause(id) } catch is EngineError where processes[id]?.isAlive == true {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await runtime.pause(id)
    }

    private static let freezeTries = 20

    public func compact(_ id: String) async throws {
        guard var record = records[id], !disk(id).isUnsealed else { return }
        // Its own layers are the topmost ones; those below came with a fork and were written with other ids.
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
