import BoxEngine

/// The in-memory engine with a record of its calls, and with steps that a test can block or let fail.
actor TestEngine: MachineEngine {
    enum Step: String, Sendable, CaseIterable {
        case start, stop, remove, fork, setAuthorizedKeys, setEnvironment, apply, run, startJob, stopJob, installAgents
    }

    let books = InMemoryEngine()
    /// The steps in the order in which they began, such as `start bx_…`.
    private(set) var calls: [String] = []
    private(set) var specs: [MachineSpec] = []
    /// The grace periods of the stops, in order.
    private(set) var graces: [StopGrace] = []
    private var failures: [Step: any Error] = [:]
    private var held: Set<Step> = []
    private var delay: Duration?
    private var delays: [Step: Duration] = [:]
    private var keyDelay: (@Sendable (String) -> Duration)?
    private var waiting: [Step: [CheckedContinuation<Void, Never>]] = [:]

    /// Makes the step fail with this error, or succeed again with nil.
    func fail(_ step: Step, with error: (any Error)?) { failures[step] = error }

    /// Makes the step wait for ``release(_:)``.
    func hold(_ step: Step) { held.insert(step) }

    func release(_ step: Step) {
        held.remove(step)
        for continuation in waiting.removeValue(forKey: step) ?? [] { continuation.resume() }
    }

    /// Makes every step take that long.
    func delaySteps(by delay: Duration) { self.delay = delay }

    /// Makes the step take that long, unless it is cancelled.
    func delay(_ step: Step, by delay: Duration) { delays[step] = delay }

    /// Makes installing keys take as long as the closure returns.
    func delayKeys(by delay: @escaping @Sendable (String) -> Duration) { keyDelay = delay }

    func releaseAll() { for step in Step.allCases { release(step) } }

    func isWaiting(in step: Step) -> Bool { waiting[step]?.isEmpty == false }

    func loseAllMachines() async { await books.loseAllMachines() }

    func authorizedKeys(of id: String) async -> [String] { await books.authorizedKeys(of: id) }

    func lastSpec(of id: String) -> MachineSpec? { specs.last { $0.id == id } }

    func calls(_ step: Step) -> Int { calls.count { $0.hasPrefix(step.rawValue + " ") } }

    private func record(_ step: Step, _ id: String) async throws {
        calls.append("\(step.rawValue) \(id)")
        if held.contains(step) { await withCheckedContinuation { waiting[step, default: []].append($0) } }
        let delay = step == .setAuthorizedKeys ? keyDelay?(id) ?? delay : delays[step] ?? delay
        if let delay { try await Task.sleep(for: delay) }
        if let failure = failures[step] { throw failure }
    }

    func prepare() async throws {}

    func networkWalls() async -> NetworkWalls { await books.networkWalls() }

    func start(_ spec: MachineSpec) async throws -> String {
        specs.append(spec)
        try await record(.start, spec.id)
        return try await books.start(spec)
    }

    func stop(_ id: String, grace: StopGrace) async throws {
        graces.append(grace)
        try await record(.stop, id + (grace.duration == .zero ? " force" : ""))
        if grace.isAbandoned { throw CancellationError() }
        try await books.stop(id, grace: grace)
    }

    func remove(_ id: String) async throws {
        try await record(.remove, id)
        try await books.remove(id)
    }

    func status(_ id: String) async -> MachineStatus { await books.status(id) }
    func machines() async -> [String] { await books.machines() }
    func shutdown() async {}

    func fork(_ source: String, to id: String) async throws {
        try await record(.fork, "\(source) \(id)")
        try await books.fork(source, to: id)
    }

    func compact(_ id: String) async throws { try await books.compact(id) }

    func checkStorage() async -> StorageState { await books.checkStorage() }
    func diskUse(of id: String) async -> DiskUse? { await books.diskUse(of: id) }

    func setAuthorizedKeys(_ keys: [String], of id: String) async throws {
        try await record(.setAuthorizedKeys, id)
        try await books.setAuthorizedKeys(keys, of: id)
    }

    func setEnvironment(_ environment: [(name: String, value: String)], of id: String) async throws {
        try await record(.setEnvironment, id)
        try await books.setEnvironment(environment, of: id)
    }

    func run(_ command: MachineCommand, in id: String) async throws -> CommandOutcome {
        try await record(.run, id)
        return try await books.run(command, in: id)
    }

    func openFile(_ path: String, of id: String, limit: Int?) async throws -> OpenFile {
        try await books.openFile(path, of: id, limit: limit)
    }

    func writeFile(_ path: String, _ contents: FileSource, in id: String) async throws {
        try await books.writeFile(path, contents, in: id)
    }

    func apply(_ change: FileChange, in id: String) async throws -> [String: String] {
        try await record(.apply, id)
        return try await books.apply(change, in: id)
    }

    func startJob(_ job: MachineJob, in id: String) async throws {
        try await record(.startJob, "\(id) \(job.id)")
        try await books.startJob(job, in: id)
    }

    func followJob(
        _ job: String, in id: String, _ take: @escaping @Sendable ([JobRecord]) async throws -> Void
    ) async throws {
        try await books.followJob(job, in: id, take)
    }

    func stopJob(_ job: String, in id: String) async throws {
        try await record(.stopJob, "\(id) \(job)")
        try await books.stopJob(job, in: id)
    }

    func forgetJob(_ job: String, in id: String) async throws { try await books.forgetJob(job, in: id) }

    func installAgents() async throws { try await record(.installAgents, "") }
}
