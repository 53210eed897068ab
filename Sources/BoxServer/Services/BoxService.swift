import BoxEngine
import BoxModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging

/// The boxes of all accounts: what the routes call.
actor BoxService {
    let store: BoxStore
    let limits: ServerLimits
    private let engine: any MachineEngine
    private nonisolated let setUp: BoxSetUp
    private nonisolated var sealer: Sealer { setUp.sealer }
    private let logger: Logger
    private let metrics: Metrics
    private var actors: [String: BoxActor] = [:]
    /// What is being removed now, so that nobody starts it twice.
    private var removals: [String: Task<Void, any Error>] = [:]

    init(
        store: BoxStore, engine: any MachineEngine, setUp: BoxSetUp, limits: ServerLimits, logger: Logger,
        metrics: Metrics
    ) {
        (self.store, self.engine, self.setUp, self.limits, self.logger) = (store, engine, setUp, limits, logger)
        self.metrics = metrics
    }

    private func actor(_ id: String) -> BoxActor {
        if let actor = actors[id] { return actor }
        let actor = BoxActor(id: id, store: store, engine: engine, setUp: setUp, logger: logger, metrics: metrics)
        actors[id] = actor
        return actor
    }

    private nonisolated func existing(_ id: String, _ account: Account) async throws -> BoxRow {
        guard let row = try await store.find(id, account: account.id) else { throw APIError.boxNotFound(id) }
        return row
    }

    /// The box, once a stop that is under way has ended: scripts ask for what comes next as soon as the stop is accepted.
    private func settled(_ id: String, _ account: Account) async throws -> BoxRow {
        let row = try await existing(id, account)
        guard row.boxState == .archiving else { return row }
        await actor(id).settle()
        return try await existing(id, account)
    }

    nonisolated func get(_ id: String, _ account: Account) async throws -> BoxRow {
        try await existing(id, account)
    }

    // MARK: Create and fork

    /// The request's `Idempotency-Key`, where it has one.
    nonisolated func idempotencyKey(of request: Request, operation: String, body: [UInt8]) throws -> IdempotencyKey? {
        try request.headers[.init("Idempotency-Key")!].map {
            try IdempotencyKey($0, operation: operation, body: body, sealer: sealer)
        }
    }

    func create(_ request: CreateRequest, account: Account, idempotency: IdempotencyKey?) async throws -> BoxRow {
        var row = try newRow(request, account: account)
        if !row.noEnv {
            row.pendingRepositories = try await setUp.repositories.store.selected(by: account.id).map(\.row.id)
        }
        let (box, isNew) = try await enter(row, idempotency)
        if isNew { await actor(box.id).boot() }
        return box
    }

    func fork(_ id: String, _ request: CreateRequest, account: Account, idempotency: IdempotencyKey?) async throws
        -> BoxRow
    {
        let source = try await settled(id, account)
        guard source.boxState.isUsable || [.archived, .error].contains(source.boxState) else {
            throw APIError(
                .conflict, .forkFailed,
                "box \(id) is \(source.boxState.displayName): wait until it is ready or stopped",
                details: ["state": .string(source.state)])
        }
        var row = try newRow(request, account: account)
        if request.name == nil { row.name = BoxName.cut("\(source.name) (fork)") }
        if request.type == nil { row.type = source.type }
        if request.environment == nil { row.environment = source.environment }
        // What was kept from a box is kept from its forks.
        row.noEnv = source.noEnv || row.noEnv
        row.deliveredFiles = source.deliveredFiles
        row.forkedFrom = source.id
        let (box, isNew) = try await enter(row, idempotency)
        if isNew {
            // Queued at the source now, so that a stop or delete of it that comes next waits for the copy.
            let copy = await actor(source.id).copyDisk(to: box.id)
            await actor(box.id).boot(after: copy)
        }
        return box
    }

    private func enter(_ row: BoxRow, _ idempotency: IdempotencyKey?) async throws -> (BoxRow, isNew: Bool) {
        switch try await store.insert(row, limits: limits, idempotency: idempotency) {
        case .inserted: return (row, true)
        case .refused(let refusal): throw refusal.error
        case .keyReused:
            throw APIError(
                .conflict, .idempotencyKeyReused, "this Idempotency-Key was used for another request: choose a new one")
        case .repeated(let id):
            guard let box = try await store.find(id, account: row.accountID) else {
                throw APIError(.notFound, .notFound, "box \(id), which this Idempotency-Key made, was deleted")
            }
            return (box, false)
        }
    }

    private func newRow(_ request: CreateRequest, account: Account) throws -> BoxRow {
        let now = Timestamp.now
        return BoxRow(
            id: BoxID.generate(), accountID: account.id, name: request.name ?? BoxName.standard(at: now),
            state: BoxState.provisioning.rawValue, type: (request.type ?? .default).rawValue,
            archiveAfter: request.ttlSeconds.map { now.advanced(bySeconds: $0).milliseconds }, ip: nil,
            environment: try seal(request.environment), noEnv: request.noEnv ?? false, forkedFrom: nil,
            snapshotCompletedAt: nil, errorMessage: nil, isDeleting: false, createdAt: now.milliseconds,
            updatedAt: now.milliseconds)
    }

    private func seal(_ environment: [(name: String, value: String)]?) throws -> Data? {
        guard let environment, !environment.isEmpty else { return nil }
        return try sealer.seal(JSON.object(JSONObject(environment.map { ($0.name, .string($0.value)) })).compact)
    }

    // MARK: Change

    func update(_ id: String, _ account: Account, name: String?, ttl: RequestBody.TTL) async throws -> BoxRow {
        _ = try await existing(id, account)
        let updated = try await store.update(id) { row in
            if let name { row.name = name }
            switch ttl {
            case .absent: break
            case .never: row.archiveAfter = nil
            case .seconds(let seconds): row.archiveAfter = Timestamp.now.advanced(bySeconds: seconds).milliseconds
            }
        }
        guard let updated else { throw APIError.boxNotFound(id) }
        return updated
    }

    func stop(_ id: String, _ account: Account, force: Bool) async throws -> BoxRow {
        let row = try await existing(id, account)
        if let stopping = try await beginStop(id, force: force) { return stopping }
        if [.archiving, .archived].contains(row.boxState) { return row }
        throw APIError(
            .badRequest, .stopFailed,
            "box \(id) is \(row.boxState.displayName) and can't be stopped yet: wait until it is ready, or delete it",
            details: ["state": .string(row.state), "box": row.json])
    }

    /// Stops the box when its state allows that.
    private func beginStop(
        _ id: String, force: Bool, where condition: @escaping @Sendable (BoxRow) -> Bool = { _ in true }
    ) async throws -> BoxRow? {
        let row = try await store.transition(id, from: BoxState.active + [.error], where: condition) {
            $0.state = BoxState.archiving.rawValue
        }
        if row != nil { await actor(id).archive(force: force) }
        return row
    }

    func resume(_ id: String, _ request: CreateRequest, account: Account) async throws -> BoxRow {
        let row = try await settled(id, account)
        let environment = try seal(request.environment)
        let resumed = try await store.transition(id, from: [.archived, .error], startingWithin: limits) { row in
            row.state = BoxState.provisioning.rawValue
            row.archiveAfter = request.ttlSeconds.map { Timestamp.now.advanced(bySeconds: $0).milliseconds }
            row.errorMessage = nil
            if request.environment != nil { row.environment = environment }
            // One way: what was kept from the box is kept from it.
            row.noEnv = row.noEnv || request.noEnv == true
            if let type = request.type { row.type = type.rawValue }
        }
        if let resumed {
            await restart(resumed)
            return resumed
        }
        guard row.boxState != .archiving else {
            throw APIError(
                .conflict, .resumeFailed, "box \(id) is still stopping: try again when it is stopped",
                details: ["state": .string(row.state)])
        }
        return try await existing(id, account)
    }

    /// Deletes the box in whatever state it is. When this returns, nothing of it is left.
    func delete(_ id: String, _ account: Account) async throws {
        _ = try await existing(id, account)
        try await store.update(id) { $0.isDeleting = true }
        try await finishDelete(id)
    }

    /// Marks the box as deleted and removes it in the background; the operation tells when that is done.
    func beginDelete(_ id: String, _ account: Account) async throws -> DeletionOperation {
        guard let operation = try await store.beginDeletion(id, account: account.id) else {
            throw APIError.boxNotFound(id)
        }
        Task { await finishDeleteLogged(id) }
        return operation
    }

    /// A box that can't be removed stays marked, and the next boxd tries again.
    private func finishDeleteLogged(_ id: String) async {
        do { try await finishDelete(id) } catch {
            logger.error("deleting failed", metadata: ["box": "\(id)", "error": "\(error)"])
        }
    }

    private func finishDelete(_ id: String) async throws {
        if let removal = removals[id] { return try await removal.value }
        let actor = actor(id)
        let removal = Task { try await actor.remove() }
        removals[id] = removal
        defer { (actors[id], removals[id]) = (nil, nil) }
        try await removal.value
    }

    // MARK: Access

    /// Lets the owner of a public key log in. A box that is starting is waited for.
    ///
    /// - Parameter line: a valid public key line.
    func addKey(_ line: String, to id: String, _ account: Account) async throws -> BoxRow {
        var row = try await existing(id, account)
        if row.boxState == .provisioning {
            await actor(id).settle()
            row = try await existing(id, account)
        }
        guard row.boxState.isUsable else {
            let next =
                [.archiving, .archived, .error].contains(row.boxState) ? "resume it first" : "wait until it is ready"
            throw APIError(
                .badRequest, .machineNotRunning, "box \(id) is \(row.boxState.displayName): \(next)",
                details: ["state": .string(row.state)])
        }
        guard let keys = try await store.addKey(line, to: id) else {
            _ = try await existing(id, account)
            throw APIError(.badRequest, .invalidSSHKey, "box \(id) has \(BoxStore.maximumKeys) keys, which is the most")
        }
        do { try await actor(id).installKeys(keys) } catch let error as EngineError
            where error.reason == .machineNotRunning
        {
            throw APIError(.badRequest, .machineNotRunning, "box \(id) is not running: resume it first")
        }
        return row
    }

    /// Brings the account's secrets into its running boxes. Those that are starting get them too, and aren't waited for.
    ///
    /// - Returns: how many running boxes have them now, and how many should and haven't.
    func pushSecrets(of account: Account) async throws -> (updated: Int, failed: Int) {
        var tasks: [Task<Bool?, any Error>] = []
        for row in try await store.all(of: account.id) where !row.noEnv {
            let task = await actor(row.id).refreshSecrets()
            if row.boxState.isUsable { tasks.append(task) }
        }
        var (updated, failed) = (0, 0)
        for task in tasks {
            switch try await task.value {
            case true?: updated += 1
            case false?: failed += 1
            case nil: break
            }
        }
        return (updated, failed)
    }

    // MARK: Time

    /// Stops the boxes whose time is up.
    func stopExpired() async throws {
        let now = Timestamp.now
        for id in try await store.expired(at: now) {
            // Asked again in the transaction that stops it: it may have been extended meanwhile.
            let stopped = try await beginStop(id, force: false) {
                $0.archiveAfter.map { $0 <= now.milliseconds } ?? false
            }
            if stopped != nil { logger.info("time is up", metadata: ["box": "\(id)"]) }
        }
    }

    /// Removes what is marked as deleted and nobody is removing: what could not be removed when it was deleted, and the boxes
    /// of an account that is on its way out.
    func retryDeletions() async throws {
        var rest = try await store.deleting().filter { removals[$0] == nil }[...]
        await withTaskGroup { group in
            for id in rest.prefix(Self.removalsAtOnce) { group.addTask { await self.finishDeleteLogged(id) } }
            rest = rest.dropFirst(Self.removalsAtOnce)
            while await group.next() != nil {
                if let id = rest.popFirst() { group.addTask { await self.finishDeleteLogged(id) } }
            }
        }
    }

    private static let removalsAtOnce = 4

    /// Archives the boxes whose machine ended by itself: shut down from inside, or killed.
    func archiveLost() async throws {
        for id in try await store.active() where await engine.status(id) == .lost {
            logger.notice("the machine is gone; archiving its disk", metadata: ["box": "\(id)"])
            _ = try await beginStop(id, force: true)
        }
    }

    /// The machines that run.
    func countRunning() async throws -> Int {
        var count = 0
        for id in try await store.active() {
            if case .running = await engine.status(id) { count += 1 }
        }
        return count
    }

    /// Takes up what the last boxd left: unfinished work is finished, boxes whose machine is gone are archived. Machines of no box
    /// are stopped and kept: they are there when an older database was put back, and hold somebody's files.
    func reconcile() async throws {
        let rows = try await store.all()
        for row in rows where !row.isDeleting {
            do {
                switch row.boxState {
                case .initial, .provisioning: await restart(row)
                case .archiving: await actor(row.id).archive(force: false)
                case .archived, .error: break
                case .cloning:
                    try await adopt(row)
                    await actor(row.id).continueCloning()
                default: try await adopt(row)
                }
            } catch {
                // The other boxes shall be served.
                logger.error("a box can't be taken over", metadata: ["box": "\(row.id)", "error": "\(error)"])
            }
        }
        // After the others: a fork that was taken up again may still need the disk of a box that is on its way out.
        for row in rows where row.isDeleting { await finishDeleteLogged(row.id) }
        let known = Set(rows.map(\.id))
        for id in await engine.machines() where !known.contains(id) {
            logger.warning("a machine has no box; its disk is kept, stopped", metadata: ["box": "\(id)"])
            do { try await engine.stop(id, force: true) } catch {
                logger.error("stopping it failed", metadata: ["box": "\(id)", "error": "\(error)"])
            }
        }
    }

    /// Queues the start of a box whose state is `provisioning`, and the copy of its disk where a fork has none yet.
    private func restart(_ row: BoxRow) async {
        if let source = row.forkedFrom, await engine.status(row.id) == .missing {
            let copy = await actor(source).copyDisk(to: row.id)
            await actor(row.id).boot(after: copy)
        } else {
            await actor(row.id).boot()
        }
    }

    private func adopt(_ row: BoxRow) async throws {
        switch await engine.status(row.id) {
        case .running(let address):
            if row.ip != address { try await store.update(row.id) { $0.ip = address } }
            // The last boxd may have died in the middle of a push.
            _ = await actor(row.id).refreshSecrets()
        case .lost, .stopped:
            _ = try await beginStop(row.id, force: true)
        case .missing:
            try await store.update(row.id) { row in
                row.state = BoxState.error.rawValue
                row.ip = nil
                row.errorMessage = "the box's disk is missing on the server"
            }
        }
    }

    /// Waits until no box has work queued, for a graceful stop.
    func settle() async {
        for actor in actors.values { await actor.settle() }
    }

    /// The same, and gives up what would take long.
    func settleForShutdown() async {
        for actor in actors.values { await actor.settleForShutdown() }
    }
}
