import BoxModel

/// An engine without machines, for tests of its callers. It only keeps records.
public actor InMemoryEngine: MachineEngine {
    private struct Machine {
        var status: MachineStatus
        var keys: [String] = []
        var environment: [(name: String, value: String)] = []
        var files: [String: [UInt8]] = [:]
    }

    private var machinesByID: [String: Machine] = [:]
    private var nextHost = 2
    private var startFailure: EngineError?
    private var startGate: (@Sendable () async -> Void)?

    public init() {}

    /// Makes later starts fail with an error, or work again with nil.
    public func failStarts(with error: EngineError?) { startFailure = error }

    /// Makes later starts wait for `gate`.
    public func holdStarts(until gate: (@Sendable () async -> Void)?) { startGate = gate }

    /// Sets all running machines to lost, as a reboot of the host does.
    public func loseAllMachines() {
        for (id, machine) in machinesByID {
            if case .running = machine.status { machinesByID[id]?.status = .lost }
        }
    }

    public func authorizedKeys(of id: String) -> [String] { machinesByID[id]?.keys ?? [] }

    public func prepare() async throws {}

    public func start(_ spec: MachineSpec) async throws -> String {
        await startGate?()
        if let startFailure { throw startFailure }
        let address = "10.0.0.\(nextHost)"
        nextHost += 1
        machinesByID[spec.id] = Machine(
            status: .running(address: address), keys: spec.authorizedKeys, environment: spec.environment,
            files: files(of: spec.id))
        return address
    }

    public func stop(_ id: String, grace: StopGrace) async throws {
        guard machinesByID[id] != nil else { throw EngineError(.noSuchMachine, "no machine \(id)") }
        machinesByID[id]?.status = .stopped
    }

    public func remove(_ id: String) async throws { machinesByID[id] = nil }

    public func status(_ id: String) async -> MachineStatus { machinesByID[id]?.status ?? .missing }

    public func machines() async -> [String] { machinesByID.keys.sorted() }

    public func shutdown() async {}

    public func fork(_ source: String, to id: String) async throws {
        guard machinesByID[source] != nil else { throw EngineError(.noSuchMachine, "no machine \(source)") }
        machinesByID[id] = Machine(status: .stopped, files: files(of: source))
    }

    public func compact(_ id: String) async throws {}

    // MARK: Network

    private var walls = NetworkWalls()

    public func setNetworkWalls(_ walls: NetworkWalls) { self.walls = walls }
    public func networkWalls() async -> NetworkWalls { walls }

    // MARK: Storage

    private var storage = StorageState()
    private var disks: [String: DiskUse] = [:]

    /// Sets the result of later disk checks.
    public func setStorage(_ state: StorageState) { storage = state }
    public func setDiskUse(_ use: DiskUse, of id: String) { disks[id] = use }

    public func checkStorage() async -> StorageState { storage }
    public func diskUse(of id: String) async -> DiskUse? { disks[id] }

    public func setAuthorizedKeys(_ keys: [String], of id: String) async throws {
        guard case .running = machinesByID[id]?.status else {
            throw EngineError(.machineNotRunning, "machine \(id) is not running")
        }
        machinesByID[id]?.keys = keys
    }

    public func setEnvironment(_ environment: [(name: String, value: String)], of id: String) async throws {
        try requireRunning(id)
        machinesByID[id]?.environment = environment
    }

    // MARK: Execution

    /// The behaviour of every command, which replaces running it.
    private var behaviour: @Sendable (MachineCommand) async throws -> CommandOutcome = { _ in
        CommandOutcome(exitCode: 0, workingDirectory: "/home/user", startedAt: .now, finishedAt: .now)
    }

    /// Sets the behaviour of later commands.
    public func answerCommands(with behaviour: @escaping @Sendable (MachineCommand) async throws -> CommandOutcome) {
        self.behaviour = behaviour
    }

    public func files(of id: String) -> [String: [UInt8]] { machinesByID[id]?.files ?? [:] }
    public func environment(of id: String) -> [(name: String, value: String)] { machinesByID[id]?.environment ?? [] }

    public func run(_ command: MachineCommand, in id: String) async throws -> CommandOutcome {
        try requireRunning(id)
        return try await behaviour(command)
    }

    public func openFile(_ path: String, of id: String, limit: Int?) async throws -> OpenFile {
        try requireRunning(id)
        guard let bytes = machinesByID[id]?.files[path] else { throw GuestRefusal(.fileNotFound, "no file \(path)") }
        if let limit, bytes.count > limit { throw GuestRefusal(.fileTooLarge, "\(path) is too large") }
        let piece = OneValue(bytes)
        return OpenFile(size: bytes.count, next: { await piece.take() })
    }

    public func writeFile(_ path: String, _ contents: FileSource, in id: String) async throws {
        try requireRunning(id)
        switch contents {
        case .bytes(let bytes): machinesByID[id]?.files[path] = bytes
        case .file(let host): machinesByID[id]?.files[path] = Array(host.utf8)
        }
    }

    public func apply(_ change: FileChange, in id: String) async throws -> [String: String] {
        try requireRunning(id)
        for path in change.removing { machinesByID[id]?.files[path] = nil }
        for file in change.writing { machinesByID[id]?.files[file.path] = file.contents }
        return [:]
    }

    // MARK: Jobs

    /// The behaviour of a job: it reports records and returns the outcome.
    public typealias JobBehaviour =
        @Sendable (MachineJob, _ tell: @Sendable ([JobRecord]) async throws -> Void) async throws -> JobOutcome

    private var jobBehaviour: JobBehaviour = { _, _ in JobOutcome(exitCode: 0) }
    private var jobs: [String: MachineJob] = [:]
    private var stoppedJobs: Set<String> = []

    /// Sets the behaviour of jobs, each time that they are followed.
    public func answerJobs(with behaviour: @escaping JobBehaviour) { jobBehaviour = behaviour }

    public func isJobStopped(_ job: String) -> Bool { stoppedJobs.contains(job) }
    /// The jobs that were started and not forgotten.
    public var startedJobs: [String] { jobs.keys.sorted() }

    public func startJob(_ job: MachineJob, in id: String) async throws {
        try requireRunning(id)
        if jobs[job.id] == nil { jobs[job.id] = job }
    }

    public func followJob(
        _ job: String, in id: String, _ take: @escaping @Sendable ([JobRecord]) async throws -> Void
    ) async throws {
        try requireRunning(id)
        guard let started = jobs[job] else { throw GuestRefusal(.noSuchJob, "no job \(job)") }
        try await take([.ended(jobBehaviour(started, take))])
    }

    public func stopJob(_ job: String, in id: String) async throws {
        try requireRunning(id)
        stoppedJobs.insert(job)
    }

    public func forgetJob(_ job: String, in id: String) async throws { jobs[job] = nil }

    public func installAgents() async throws {}

    private func requireRunning(_ id: String) throws {
        guard case .running = machinesByID[id]?.status else {
            throw EngineError(.machineNotRunning, "machine \(id) is not running")
        }
    }
}

/// A value that can be consumed once.
private actor OneValue {
    private var value: [UInt8]?

    init(_ value: [UInt8]) { self.value = value }

    func take() -> [UInt8]? { value.take() }
}
