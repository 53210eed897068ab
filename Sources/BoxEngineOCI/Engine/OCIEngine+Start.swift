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

    /// Removes what a machine, or an attempt to start one, left behind.
    private func clearRemains(_ id: String) async throws {
        try await runtime.delete(id)
        let disk = disk(id)
        try await blocking { disk.unmount() }
    }
}
