import BoxEngine
import BoxModel
import BoxStore
import Logging

/// The owner of one box's machine. All work that changes the machine runs here, one after another.
///
/// A transaction of ``BoxRowStore`` decides what a state allows, before the work is queued here. So a decision never
/// waits for a machine. Acknowledged work survives the server: ``BoxService/reconcile()`` resumes it.
actor BoxActor {
    let id: String
    let store: BoxRowStore
    let engine: any MachineEngine
    let setUp: BoxSetUp
    /// The server's limits, for accounts without their own.
    private let limits: ServerLimits
    let logger: Logger
    private let metrics: Metrics
    private var last: Task<Void, Never>?
    /// The running set-up, which can be cancelled.
    var cloning: Task<Void, Never>?
    /// The delivery of secrets to a running machine.
    var delivering: Task<[String], any Error>?
    /// The grace period of the stop that is queued or runs.
    private var stopGrace: StopGrace?
    private var installation: Task<Void, any Error>?

    init(
        id: String, store: BoxRowStore, engine: any MachineEngine, setUp: BoxSetUp, limits: ServerLimits,
        logger: Logger,
        metrics: Metrics
    ) {
        (self.id, self.store, self.engine, self.setUp, self.metrics) = (id, store, engine, setUp, metrics)
        self.limits = limits
        var logger = logger
        logger[metadataKey: "box"] = "\(id)"
        self.logger = logger
    }

    /// Runs the work after all work that was queued before it.
    func serially<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) -> Task<
        Value, any Error
    > {
        let previous = last
        let task = Task {
            await previous?.value
            return try await work()
        }
        last = Task { _ = await task.result }
        return task
    }

    /// Cancels cloning and the delivery of secrets, and stops waiting for processes to end. The next boxd resumes the
    /// work.
    func giveUpForShutdown() {
        cloning?.cancel()
        delivering?.cancel()
        stopGrace?.abandon()
    }

    /// Returns when no work is queued or running any more.
    func settle() async {
        while let current = last {
            await current.value
            if current == last { last = nil }
        }
    }

    // MARK: Work

    /// Queues the start of a box in state `provisioning`. For a fork it waits for the copy of its disk.
    func boot(after copy: Task<Void, any Error>? = nil) {
        _ = serially { [self] in
            do {
                try await copy?.value
                try await start()
            } catch {
                await fail("start", error)
            }
        }
    }

    private func start() async throws {
        guard let row = try await store.find(id), !row.isDeleting, [.initial, .provisioning].contains(row.boxState)
        else {
            return
        }
        // Don't replace a lost disk by an empty one, which the user could take for theirs.
        if row.snapshotCompletedAt != nil, await engine.status(id) == .missing {
            throw EngineError(.noSuchMachine, "the box's disk is missing on the server")
        }
        let began = ContinuousClock.now
        let delivery = try await setUp.delivery(for: row)
        let spec = MachineSpec(
            id: id, type: row.machineType, environment: try setUp.environment(of: row, delivery),
            authorizedKeys: try await store.keys(of: id),
            allowsNested: try await store.limits(of: row.accountID, server: limits).allowsNested)
        let address = try await metrics.operation("start") { try await engine.start(spec) }
        // After a failure below, the machine still runs. `fail` ends it.
        let warnings = try await deliver(delivery)
        let hostWarnings = await engine.hostWarnings()
        try await store.update(id) { row in
            row.state = (row.pendingRepositories.isEmpty ? BoxState.ready : .cloning).rawValue
            row.ip = address
            row.errorMessage = nil
            row.forkedFrom = nil
            row.warnings = BoxRow.warnings(row.warnings, withSecretFiles: warnings)
            row.warnings = BoxRow.warnings(row.warnings, ofHost: hostWarnings)
        }
        logger.info("ready", metadata: ["ip": "\(address)", "took": "\(ContinuousClock.now - began)"])
        await cloneRepositories()
    }

    /// Queues the stop of a box in state `archiving`.
    func archive(_ grace: StopGrace) {
        cloning?.cancel()
        delivering?.cancel()
        stopGrace = grace
        _ = serially { [self] in
            do {
                let hasDisk = await engine.status(id) != .missing
                if hasDisk { try await metrics.operation("stop") { try await engine.stop(id, grace: grace) } }
                try await store.update(id) { row in
                    row.state = BoxState.archived.rawValue
                    row.ip = nil
                    row.archiveAfter = nil
                    row.snapshotCompletedAt = hasDisk ? Timestamp.now.milliseconds : nil
                    row.errorMessage = nil
                }
                logger.info("archived")
            } catch is CancellationError where grace.isAbandoned {
                logger.notice("the stop is left to the next boxd")
                return
            } catch {
                await fail("stop", error)
                return
            }
            do { try await engine.compact(id) } catch {
                logger.error("compacting the disk failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Queues the copy of this box's disk for a new box.
    func copyDisk(to target: String) -> Task<Void, any Error> {
        serially { [self] in
            guard await engine.status(id) != .missing else {
                throw EngineError(.noSuchMachine, "the source box has no disk")
            }
            try await metrics.operation("fork") { try await engine.fork(id, to: target) }
            // Read at the time of the copy, because secrets may have been pushed after the request.
            let delivered = try await store.find(id)?.deliveredFiles ?? []
            try await store.update(target) { row in
                row.deliveredFiles += delivered.filter { !row.deliveredFiles.contains($0) }
            }
            try await store.copyAgentSessions(from: id, to: target)
        }
    }

    /// Queues the removal of a box that is marked as deleted, and waits for it.
    func remove() async throws {
        cloning?.cancel()
        delivering?.cancel()
        // The output of the processes will be deleted, so don't wait for them.
        stopGrace?.shorten(to: .zero)
        try await serially { [self] in
            try await metrics.operation("remove") { try await engine.remove(id) }
            try await store.delete(id)
            logger.info("deleted")
        }.value
    }

    /// Shortens the grace period of the stop that is queued or runs, if there is one.
    func hastenStop(to grace: Duration) { stopGrace?.shorten(to: grace) }

    /// Installs the stored keys in the machine.
    ///
    /// It runs concurrently with a disk copy, which it doesn't affect. Installations run one after another, so that the
    /// last one installs all keys.
    func installKeys() async throws {
        let previous = installation
        let task = Task { [self] in
            _ = await previous?.result
            try await engine.setAuthorizedKeys(store.keys(of: id), of: id)
        }
        installation = task
        try await task.value
    }

    /// Queues ending the machine of a failed box. It does nothing when no machine runs.
    ///
    /// - Returns: whether the machine is gone.
    func endStray() -> Task<Bool, any Error> {
        serially { [self] in
            guard let row = try await store.find(id), row.boxState == .error, !row.isDeleting else { return true }
            return await endMachine()
        }
    }

    /// Ends the machine of a failed box. Otherwise it would count against no limit and have no time to live.
    ///
    /// - Returns: whether the machine is gone.
    private func endMachine() async -> Bool {
        guard case .running = await engine.status(id) else { return true }
        do {
            try await engine.stop(id, grace: .none)
            return true
        } catch {
            logger.error("the machine of a box that failed can't be ended", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func fail(_ action: String, _ error: any Error) async {
        logger.error("\(action) failed", metadata: ["error": "\(error)"])
        _ = await endMachine()
        let message = (error as? EngineError)?.message ?? "the server could not \(action) the box"
        do {
            try await store.update(id) { row in
                row.state = BoxState.error.rawValue
                row.ip = nil
                row.errorMessage = message
            }
        } catch {
            logger.critical("the failure could not be stored", metadata: ["error": "\(error)"])
        }
    }
}
