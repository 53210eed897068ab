import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

extension BoxService {
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

    func insert(_ row: BoxRow, _ idempotency: IdempotencyKey?) async throws -> (BoxRow, isNew: Bool) {
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

    func newRow(_ request: CreateRequest, account: Account) throws -> BoxRow {
        let now = Timestamp.now
        return BoxRow(
            id: BoxID.generate(), accountID: account.id, name: request.name ?? BoxName.standard(at: now),
            state: BoxState.provisioning.rawValue, type: (request.type ?? .default).rawValue,
            archiveAfter: request.ttlSeconds.map { now.advanced(bySeconds: $0).milliseconds }, ip: nil,
            environment: try seal(request.environment), noEnv: request.noEnv ?? false, forkedFrom: nil,
            snapshotCompletedAt: nil, errorMessage: nil, isDeleting: false, createdAt: now.milliseconds,
            updatedAt: now.milliseconds)
    }

    func seal(_ environment: [(name: String, value: String)]?) throws -> Data? {
        guard let environment, !environment.isEmpty else { return nil }
        return try sealer.seal(JSON.object(JSONObject(environment.map { ($0.name, .string($0.value)) })).compact)
    }
}
