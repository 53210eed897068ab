import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

extension BoxService {
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

    func finishDelete(_ id: String) async throws {
        if let removal = removals[id] { return try await removal.value }
        let actor = actor(id)
        let removal = Task { try await actor.remove() }
        removals[id] = removal
        defer { removals[id] = nil }
        try await removal.value
        // Only after the removal, because the work of an existing box must stay serialized.
        (actors[id], retries[id]) = (nil, nil)
    }
}
