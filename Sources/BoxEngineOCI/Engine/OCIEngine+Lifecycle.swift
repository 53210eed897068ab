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
            let record = try existing ?? addNewRecord(machine.id)
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

    /// Starts a machine from its disk and waits for its sshd. Each step pushes its rollback.
    private func boot(
        _ machine: MachineSpec, _ record: MachineRecord, address: String, network: Network,
        rollback: inout RollbackStack
    ) async throws {
        let disk = disk(record.id)
        let spec = runtimeSpec(record, machine)
        let record = try await prepareDisk(of: record, rollback: &rollback)
        // After boxd has written its own files. A fork may start with more than its limit allows.
        disk.limit(to: machine.type)
        let files = GuestFiles(disk: disk, owner: record.idBase)
        rollback.push("secrets") { files.removeSecrets() }
        try files.write(
            for: machine, hostname: spec.hostname, hasLoginModule: images.has(Image.loginModule, in: record.image))
        try HostFiles.write(spec.json.compact, to: "\(disk.bundle)/config.json")

        rollback.push("network") { await network.disconnect(record.id, slot: record.slot) }
        async let admitted: Void = network.admit(record.id, slot: record.slot)
        rollback.push("machine") { [runtime] in try await runtime.delete(record.id) }
        let process = try await runtime.create(record.id, bundle: disk.bundle)
        // The limits are set before anything of the machine runs. Its sshd listens on an interface that is added later.
        async let connected: Void = network.connect(record.id, slot: record.slot, process: process)
        try KernelLimits.set(for: process, nested: machine.allowsNested)
        guard let running = MachineProcesses(first: process) else {
            throw EngineError(.failed, "the box ended as soon as it was made")
        }
        try await runtime.start(record.id, running, bundle: disk.bundle)
        try await connected
        try await admitted
        try await SSHProbe.wait(for: address, timeout: configuration.startTimeout) { running.isAlive }
        processes[record.id] = running
    }

    /// Mounts the machine's disk. The upper is one of three: what a lost machine had written, the topmost layer when no
    /// other machine uses it, or a new one.
    private func prepareDisk(
        of record: MachineRecord, rollback: inout RollbackStack
    ) async throws -> MachineRecord {
        let (disk, before) = (disk(record.id), record)
        var record = record
        let wasLost = disk.isUnsealed
        rollback.push("disk") { [self] in
            try await blocking { disk.unmount() }
            if wasLost { return }
            if let top = before.layers.last, !HostFiles.exists(disk.layer(top.id)) {
                try await seal(before)
            } else {
                try await blocking { for directory in [disk.upper, disk.work] { try HostFiles.removeTree(directory) } }
            }
        }
        if ownsTopLayer(record) {
            try disk.unseal(&record)
            update(record)
        }
        try await blocking { [record] in try disk.mount(record) }
        if !record.hasIdentity {
            let subnet = try readyNetwork().subnet
            let identity = GuestIdentity(
                hostname: RuntimeSpec.hostname(of: record.id), address: subnet.address(of: record.slot),
                nameServers: subnet.resolverAddresses)
            try await blocking { [record] in try identity.write(into: disk.rootfs, owner: record.idBase) }
            record.hasIdentity = true
            try disk.save(record)
            update(record)
        }
        return record
    }

    private func seal(_ record: MachineRecord) throws {
        var record = record
        // Updated even on failure: a failure in between must not lose a layer that has its new name already.
        defer { update(record) }
        try disk(record.id).seal(&record)
    }

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

    /// Removes what a machine, or an attempt to start one, left behind.
    private func clearRemains(_ id: String) async throws {
        try await runtime.delete(id)
        let disk = disk(id)
        try await blocking { disk.unmount() }
    }
}

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
