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
    nonisolated let setUp: BoxSetUp
    nonisolated var sealer: Sealer { setUp.sealer }
    let logger: Logger
    let metrics: Metrics
    var actors: [String: BoxActor] = [:]
    /// The running removals, so that none is started twice.
    var removals: [String: Task<Void, any Error>] = [:]
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

    nonisolated func existing(_ id: String, _ account: Account) async throws -> BoxRow {
        guard let row = try await store.find(id, account: account.id) else { throw APIError.boxNotFound(id) }
        return row
    }

    /// Returns the box after a running stop has ended. Scripts send the next request as soon as the stop is accepted.
    func settled(_ id: String, _ account: Account) async throws -> BoxRow {
        let row = try await existing(id, account)
        guard row.boxState == .archiving else { return row }
        await actor(id).settle()
        return try await existing(id, account)
    }

    package nonisolated func get(_ id: String, _ account: Account) async throws -> BoxRow {
        try await existing(id, account)
    }

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
