import BoxEngine
import BoxModel
import FoundationEssentials
import Glibc
import HostTools
import Logging

/// The embedded engine: an OCI runtime, overlayfs, user namespaces and a bridge on this host.
///
/// The actor records which machines exist, and which slots and processes they have. The slow work on one machine runs
/// between its awaits, so different machines don't wait for each other. The caller must serialize calls about one
/// machine.
public actor OCIEngine: MachineEngine {
    let configuration: OCIEngineConfiguration
    let logger: Logger
    let runtime: OCIRuntime
    let images: ImageStore
    let agentsInstallation = JoinedWork()
    private let seccomp: JSON

    private(set) var records: [String: MachineRecord] = [:]
    var processes: [String: MachineProcesses] = [:]
    private var network: Network?
    var storage = StorageWatch()
    private var nextSlot = Slots.all.lowerBound
    /// Slots of machines whose disks are being copied.
    private var reservedSlots: Set<Int> = []
    /// While a machine's record can't be read, its layers are unknown, so no layers are removed.
    private var hasUnreadableRecords = false
    /// One removal runs at a time. It repeats when layers may have lost their last user meanwhile.
    private var isRemovingLayers = false
    private var layersMayBeUnused = false
    /// Prevents a second engine with the same instance name on this host.
    private var instance: HeldFile?
    /// Layers that a fork is about to use. They aren't removed, even when the last machine that used them is.
    private var layersInTransit: [String: Int] = [:]

    /// - Throws: ``EngineError`` with ``EngineError/Reason/hostNotReady`` when the host lacks something.
    public init(configuration: OCIEngineConfiguration, logger: Logger) throws {
        let check = HostCheck(configuration: configuration)
        if let message = check.message { throw EngineError(.hostNotReady, message) }
        guard let chosen = check.runtime else { throw EngineError(.hostNotReady, "no OCI runtime") }
        logger.info("using \(chosen.program): \(chosen.reason)")
        self.configuration = configuration
        self.logger = logger
        runtime = OCIRuntime(program: chosen.program, stateDirectory: "\(configuration.runDirectory)/runtime")
        images = ImageStore(dataDirectory: configuration.dataDirectory)
        seccomp = try SeccompProfile(
            source: HostFiles.read(SeccompProfile.path) ?? "", capabilities: Set(RuntimeSpec.capabilities),
            architecture: Self.architecture
        ).json
    }

    func disk(_ id: String) -> MachineDisk { MachineDisk(configuration: configuration, id: id) }

    /// Go's name of this architecture, as the seccomp profile uses it.
    private static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}

// MARK: - Books

extension OCIEngine {
    public func prepare() async throws {
        // Users may pass through to the directory of their own box only: see MachineDisk.makeDirectories.
        try HostFiles.makeDirectory(configuration.dataDirectory, mode: 0o711)
        try HostFiles.makeDirectory(configuration.boxesDirectory, mode: 0o711)
        try HostFiles.makeDirectory(configuration.layersDirectory, mode: 0o700)
        try HostFiles.makeDirectory(configuration.agentsDirectory, mode: 0o755)
        try HostFiles.makeDirectory("/run/boxd", mode: 0o711)
        let instance = try Instance.hold(configuration)
        try HostFiles.makeDirectory(configuration.runDirectory, mode: 0o700)
        try HostFiles.makeDirectory(runtime.stateDirectory, mode: 0o700)
        let machines = try await runtime.list()
        try Instance.requireOwn(machines, configuration)
        self.instance = instance
        try await loadRecords()
        await adopt(machines)
        clearStopped()
        let subnet = try chooseSubnet()
        let network = Network(configuration: configuration, subnet: subnet, logger: logger)
        try await network.setUp(running: processes.keys.compactMap { id in records[id].map { (id, $0.slot) } })
        await network.startWatching()
        self.network = network
        await removeUnusedLayers()
        logger.info(
            "engine ready",
            metadata: ["subnet": "\(subnet)", "machines": "\(records.count)", "running": "\(processes.count)"])
    }

    /// Loads all records. A machine that can't be read is left alone: it has a user's files, and the others must work.
    private func loadRecords() async throws {
        for name in try HostFiles.list(configuration.boxesDirectory) {
            do { try await loadRecord(name) } catch {
                hasUnreadableRecords = true
                logger.error(
                    "a machine can't be read; it is left as it is", metadata: ["box": "\(name)", "error": "\(error)"])
            }
        }
    }

    private func loadRecord(_ name: String) async throws {
        if name.hasPrefix(".trash-") {
            return try await blocking { [configuration] in
                try HostFiles.removeTree("\(configuration.boxesDirectory)/\(name)")
            }
        }
        let disk = disk(name)
        guard let text = try HostFiles.readIfThere(disk.recordPath) else {
            // The start or fork that created the directory never created a disk.
            guard !disk.isUnsealed else { throw EngineError(.failed, "the machine has a disk and no record") }
            return try await disk.remove()
        }
        guard let json = try? JSON.parse(text), let record = MachineRecord(json: json), record.id == name else {
            throw EngineError(.failed, "the machine's record is damaged", diagnostics: disk.recordPath)
        }
        try disk.finishSealing(record)
        records[record.id] = record
    }

    /// Adopts the machines that kept running when the last boxd ended.
    private func adopt(_ machines: [OCIRuntime.Entry]) async {
        for entry in machines {
            do {
                guard let record = records[entry.id], let process = entry.process,
                    let running = MachineProcesses(first: process)
                else {
                    try await runtime.delete(entry.id)
                    continue
                }
                // The last boxd ended while it copied the disk.
                if entry.isPaused { try await runtime.resume(entry.id) }
                processes[entry.id] = running
                try GuestFiles(disk: disk(entry.id), owner: record.idBase).writeGuestProgram()
            } catch {
                logger.error("a machine can't be taken over", metadata: ["box": "\(entry.id)", "error": "\(error)"])
            }
        }
    }

    /// Removes what a killed boxd left of machines that don't run.
    private func clearStopped() {
        for record in records.values where processes[record.id] == nil {
            GuestFiles(disk: disk(record.id), owner: record.idBase).removeSecrets()
        }
        Cgroups.removeEmpty(below: configuration.cgroupPrefix)
    }

    /// Chooses the configured network, the network of the last boxd, or a free one.
    private func chooseSubnet() throws -> Subnet {
        let path = "\(configuration.dataDirectory)/network.json"
        let kept = try HostFiles.readIfThere(path).flatMap { try? JSON.parse($0) }
        nextSlot = kept?["nextSlot"]?.int ?? Slots.all.lowerBound
        if let requested = configuration.subnet {
            guard let subnet = Subnet(requested) else {
                throw EngineError(
                    .hostNotReady, "the subnet \"\(requested)\" is not valid: use an IPv4 /20 such as 10.201.0.0/20")
            }
            return subnet
        }
        // Another program, or another boxd, may use the stored network now.
        let routes = (HostFiles.read("/proc/net/route") ?? "").split(separator: "\n")
            .filter { !$0.hasPrefix("\(configuration.instance)-") }.joined(separator: "\n")
        if let subnet = kept?["subnet"]?.string.flatMap(Subnet.init),
            !processes.isEmpty || subnet.isFree(routes: routes)
        {
            return subnet
        }
        guard let subnet = Subnet.firstFree(routes: routes) else {
            throw EngineError(
                .hostNotReady, "every candidate for the boxes' network is in use: choose one with --subnet")
        }
        try keepNetwork(subnet)
        return subnet
    }

    private func keepNetwork(_ subnet: Subnet) throws {
        let json: JSON = ["subnet": .string(subnet.description), "nextSlot": JSON(nextSlot)]
        try HostFiles.write(json.compact + "\n", to: "\(configuration.dataDirectory)/network.json")
    }

    func readyNetwork() throws -> Network {
        guard let network else { throw EngineError(.hostNotReady, "the engine is not prepared") }
        return network
    }

    /// Reserves the next free slot for a machine that has no record yet. Call ``releaseSlot(_:)`` once it has one, or
    /// never will.
    func reserveSlot() throws -> Int {
        let used = Set(records.values.map(\.slot)).union(reservedSlots)
        guard let slot = Slots.next(from: nextSlot, used: used) else {
            throw EngineError(.exhausted, "this server has no room for more boxes: delete some")
        }
        nextSlot = slot + 1
        try keepNetwork(try readyNetwork().subnet)
        reservedSlots.insert(slot)
        return slot
    }

    func releaseSlot(_ slot: Int) { reservedSlots.remove(slot) }

    /// Inserts a new machine's record, on disk and in memory.
    func addRecord(_ record: MachineRecord) throws {
        records[record.id] = record
        do {
            try disk(record.id).makeDirectories(for: record)
            try disk(record.id).save(record)
        } catch {
            records[record.id] = nil
            throw error
        }
    }

    func addNewRecord(_ id: String) throws -> MachineRecord {
        let slot = try reserveSlot()
        defer { releaseSlot(slot) }
        let record = MachineRecord(id: id, slot: slot, image: try currentImage(), layers: [])
        try addRecord(record)
        return record
    }

    func update(_ record: MachineRecord) { records[record.id] = record }

    func currentImage() throws -> String {
        guard let image = images.current else {
            throw EngineError(.hostNotReady, "the box image is not built yet: run `box local image build`")
        }
        return image
    }

    func runtimeSpec(_ record: MachineRecord, _ machine: MachineSpec) -> RuntimeSpec {
        RuntimeSpec(record: record, machine: machine, disk: disk(record.id), seccomp: seccomp, host: .current)
    }

    // MARK: Layers

    func holdLayers(_ layers: [MachineRecord.Layer]) {
        for layer in layers { layersInTransit[layer.id, default: 0] += 1 }
    }

    func releaseLayers(_ layers: [MachineRecord.Layer]) {
        for layer in layers {
            layersInTransit[layer.id, default: 1] -= 1
            if layersInTransit[layer.id] == 0 { layersInTransit[layer.id] = nil }
        }
    }

    /// Whether no other machine's disk uses the topmost layer of this one, so that it may be written to again.
    func ownsTopLayer(_ record: MachineRecord) -> Bool {
        guard let top = record.layers.last, layersInTransit[top.id] == nil, !hasUnreadableRecords else { return false }
        return !records.values.contains { other in
            other.id != record.id && other.layers.contains { $0.id == top.id }
        }
    }

    /// Removes the layers that no machine's disk uses. A layer without references never gains one.
    ///
    /// A layer that can't be removed now is tried again the next time. One example is a copy that the last boxd's `cp`
    /// is still writing.
    func removeUnusedLayers() async {
        layersMayBeUnused = true
        guard !isRemovingLayers, !hasUnreadableRecords else { return }
        isRemovingLayers = true
        defer { isRemovingLayers = false }
        let directory = configuration.layersDirectory
        while layersMayBeUnused {
            layersMayBeUnused = false
            let used = Set(records.values.flatMap { $0.layers.map(\.id) }).union(layersInTransit.keys)
            do {
                let unused = try HostFiles.list(directory)
                    .filter { !used.contains($0.hasSuffix(".part") ? String($0.dropLast(5)) : $0) }
                try await blocking { for name in unused { try HostFiles.removeTree("\(directory)/\(name)") } }
            } catch {
                logger.error("layers can't be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    public func machines() async -> [String] { records.keys.sorted() }

    public func status(_ id: String) async -> MachineStatus {
        guard let record = records[id], let network else { return .missing }
        if processes[id]?.isAlive == true { return .running(address: network.subnet.address(of: record.slot)) }
        return disk(id).isUnsealed ? .lost : .stopped
    }

    public func hostWarnings() async -> [String] { await network?.warnings ?? [] }

    public func networkWalls() async -> NetworkWalls { await network?.walls ?? NetworkWalls() }

    public func shutdown() async {
        await network?.stopWatching()
        guard processes.values.allSatisfy({ !$0.isAlive }) else { return }
        await network?.tearDown()
        rmdir(runtime.stateDirectory)
        rmdir(configuration.runDirectory)
        instance?.remove()
        rmdir("/run/boxd")
        Cgroups.removeEmpty(below: configuration.cgroupPrefix)
        Cgroups.removeEmpty(below: "/boxd")
    }

    func forget(_ id: String) {
        records[id] = nil
        processes[id] = nil
    }
}
