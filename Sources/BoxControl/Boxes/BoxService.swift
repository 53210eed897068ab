import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

/// The boxes of all accounts, as the routes use them.
package actor BoxService {
    package nonisolated let store: BoxRowStore
    package nonisolated let limits: ServerLimits
    /// How long processes have to end, unless a request sets it.
    let stopGrace: Duration
    package nonisolated let engine: any MachineEngine
    package nonisolated let storage: StorageMonitor
    private nonisolated let setUp: BoxSetUp
    private nonisolated var sealer: Sealer { setUp.sealer }
    let logger: Logger
    private let metrics: Metrics
    private var actors: [String: BoxActor] = [:]
    /// The running removals, so that none is started twice.
    private(set) var removals: [String: Task<Void, any Error>] = [:]
    /// When to retry removing a box or ending its machine.
    var retries: [String: Backoff] = [:]
    /// When to retry delivering the account's secrets to a box.
    var undelivered: [String: Backoff] = [:]
    /// How many deliveries of secrets are queued or running, by box.
    var deliveries: [String: Int] = [:]

    package init(
        store: BoxRowStore, engine: any MachineEngine, storage: StorageMonitor, setUp: BoxSetUp, limits: ServerLimits,
        stopGrace: Duration, logger: Logger, metrics: Metrics
    ) {
        (self.storage, self.stopGrace) = (storage, stopGrace)
        (self.store, self.engine, self.setUp, self.limits, self.logger) = (store, engine, setUp, limits, logger)
        self.metrics = metrics
    }

    func actor(_ id: String) -> BoxActor {
        if let actor = actors[id] { return actor }
        let actor = BoxActor(
            id: id, store: store, engine: engine, setUp: setUp, limits: limits, logger: logger, metrics: metrics)
        actors[id] = actor
        return actor
    }

    private nonisolated func existing(_ id: String, _ account: Account) async throws -> BoxRow {
        guard let row = try await store.find(id, account: account.id) else { throw APIError.boxNotFound(id) }
        return row
    }

    /// Returns the box after a running stop has ended. Scripts send the next request as soon as the stop is accepted.
    private func settled(_ id: String, _ account: Account) async throws -> BoxRow {
        let row = try await existing(id, account)
        guard row.boxState == .archiving else { return row }
        await actor(id).settle()
        return try await existing(id, account)
    }

    package nonisolated func get(_ id: String, _ account: Account) async throws -> BoxRow {
        try await existing(id, account)
    }

    // MARK: Create and fork

    /// - Parameter key: the request's `Idempotency-Key`, if it has one.
    package nonisolated func idempotency(_ key: String?, operation: String, body: [UInt8]) throws -> IdempotencyKey? {
        try key.map { try IdempotencyKey($0, operation: operation, body: body, sealer: sealer) }
    }

    package func create(_ request: CreateRequest, account: Account, idempotency: IdempotencyKey?) async throws -> BoxRow
    {
        try await requireSpace(account)
        var row = try newRow(request, account: account)
        if !row.noEnv {
            row.pendingRepositories = try await setUp.repositories.store.selected(by: account.id).map(\.row.id)
        }
        let (box, isNew) = try await insert(row, idempotency)
        if isNew { await actor(box.id).boot() }
        return box
    }

    package func fork(_ id: String, _ request: CreateRequest, account: Account, idempotency: IdempotencyKey?)
        async throws
        -> BoxRow
    {
        try await requireSpace(account)
        let source = try await settled(id, account)
        guard source.boxState.isUsable || [.archived, .error].contains(source.boxState) else {
            throw APIError(
                .forkFailed,
                "box \(id) is \(source.boxState.displayName): wait until it is ready or stopped",
                details: ["state": .string(source.state)])
        }
        var row = try newRow(request, account: account)
        if request.name == nil { row.name = BoxName.cut("\(source.name) (fork)") }
        if request.type == nil { row.type = source.type }
        if request.environment == nil { row.environment = source.environment }
        // A fork of a box with `noEnv` has `noEnv` too.
        row.noEnv = source.noEnv || row.noEnv
        row.deliveredFiles = source.deliveredFiles
        row.forkedFrom = source.id
        let (box, isNew) = try await insert(row, idempotency)
        if isNew {
            // Queued at the source now, so that a later stop or delete of the source waits for the copy.
            let copy = await actor(source.id).copyDisk(to: box.id)
            await actor(box.id).boot(after: copy)
        }
        return box
    }

    private func insert(_ row: BoxRow, _ idempotency: IdempotencyKey?) async throws -> (BoxRow, isNew: Bool) {
        switch try await store.insert(row, limits: limits, idempotency: idempotency) {
        case .inserted: return (row, true)
        case .refused(let refusal): throw refusal.error
        case .keyReused:
            throw APIError(
                .idempotencyKeyReused, "this Idempotency-Key was used for another request: choose a new one")
        case .repeated(let id):
            guard let box = try await store.find(id, account: row.accountID) else {
                throw APIError(.notFound, "box \(id), which this Idempotency-Key made, was deleted")
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

    package func update(_ id: String, _ account: Account, name: String?, ttl: JSONBody.TTL) async throws -> BoxRow {
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

    /// - Parameter grace: how long processes have to end; nil for the server's default.
    package func stop(_ id: String, _ account: Account, grace: Duration?) async throws -> BoxRow {
        _ = try await existing(id, account)
        if let stopping = try await beginStop(id, StopGrace(grace ?? stopGrace)) { return stopping }
        // Read again, because another request may have stopped it meanwhile.
        let row = try await existing(id, account)
        if let grace, row.boxState == .archiving { await actor(id).hastenStop(to: grace) }
        if [.archiving, .archived].contains(row.boxState) { return row }
        throw APIError(
            .stopFailed,
            "box \(id) is \(row.boxState.displayName) and can't be stopped yet: wait until it is ready, or delete it",
            details: ["state": .string(row.state), "box": row.json])
    }

    /// Stops the box if its state allows that.
    func beginStop(
        _ id: String, _ grace: StopGrace, where condition: @escaping @Sendable (BoxRow) -> Bool = { _ in true }
    ) async throws -> BoxRow? {
        let row = try await store.transition(id, from: BoxState.active + [.error], where: condition) {
            $0.state = BoxState.archiving.rawValue
        }
        if row != nil { await actor(id).archive(grace) }
        return row
    }

    package func resume(_ id: String, _ request: CreateRequest, account: Account) async throws -> BoxRow {
        let row = try await settled(id, account)
        if !row.boxState.isUsable { try await requireSpace(account) }
        let environment = try seal(request.environment)
        let resumed = try await store.transition(id, from: [.archived, .error], startingWithin: limits) { row in
            row.state = BoxState.provisioning.rawValue
            row.archiveAfter = request.ttlSeconds.map { Timestamp.now.advanced(bySeconds: $0).milliseconds }
            row.errorMessage = nil
            if request.environment != nil { row.environment = environment }
            // `noEnv` can be set, but never removed.
            row.noEnv = row.noEnv || request.noEnv == true
            if let type = request.type { row.type = type.rawValue }
        }
        if let resumed {
            await restart(resumed)
            return resumed
        }
        let now = try await existing(id, account)
        guard now.boxState != .archiving else {
            throw APIError(
                .resumeFailed, "box \(id) is still stopping: try again when it is stopped",
                details: ["state": .string(now.state)])
        }
        return now
    }

    /// Deletes the box in any state. When this returns, it is removed completely.
    package func delete(_ id: String, _ account: Account) async throws {
        _ = try await existing(id, account)
        try await store.update(id) { $0.isDeleting = true }
        try await finishDelete(id)
    }

    /// Marks the box as deleted and removes it in the background. The operation shows when that is done.
    package func beginDelete(_ id: String, _ account: Account) async throws -> DeletionOperation {
        guard let operation = try await store.beginDeletion(id, account: account.id) else {
            throw APIError.boxNotFound(id)
        }
        Task { await finishDeleteLogged(id) }
        return operation
    }

    /// Removes a box and logs a failure. The box stays marked as deleted and is retried with increasing delays.
    func finishDeleteLogged(_ id: String) async {
        do { try await finishDelete(id) } catch {
            let isFirst = retries[id] == nil
            retries[id, default: Backoff()].recordFailure()
            logger.log(
                level: isFirst ? .error : .warning, "deleting failed; it will be tried again",
                metadata: [
                    "box": "\(id)", "error": "\(error)", "failures": "\(retries[id]?.failures ?? 1)",
                ])
        }
    }

    private func finishDelete(_ id: String) async throws {
        if let removal = removals[id] { return try await removal.value }
        let actor = actor(id)
        let removal = Task { try await actor.remove() }
        removals[id] = removal
        defer { removals[id] = nil }
        try await removal.value
        // Only after the removal, because the work of an existing box must stay serialized.
        (actors[id], retries[id]) = (nil, nil)
    }

    // MARK: Access

    /// Adds a public key that can log in to the box. Waits for a box that is starting.
    ///
    /// - Parameter line: a valid public key line.
    package func addKey(_ line: String, to id: String, _ account: Account) async throws -> BoxRow {
        var row = try await existing(id, account)
        if row.boxState == .provisioning {
            await actor(id).settle()
            row = try await existing(id, account)
        }
        try row.requireRunning(starting: .machineNotRunning)
        try storage.requireRunning(id)
        guard try await store.addKey(line, to: id) else {
            _ = try await existing(id, account)
            throw APIError(.invalidSSHKey, "box \(id) has \(BoxRowStore.maximumKeys) keys, which is the most")
        }
        do { try await actor(id).installKeys() } catch let error as EngineError {
            // The box may have been stopped or deleted meanwhile.
            let now = try await existing(id, account)
            guard now.boxState.isUsable, error.reason != .machineNotRunning else { throw now.notRunning }
            throw APIError(.boxFailed, "box \(id): \(error.message)")
        }
        return row
    }

    /// Waits until no box has work queued.
    func settle() async {
        for actor in actors.values { await actor.settle() }
    }

    /// Like ``settle()``, but cancels long work first.
    package func settleForShutdown() async {
        for actor in actors.values { await actor.giveUpForShutdown() }
        await settle()
    }
}
