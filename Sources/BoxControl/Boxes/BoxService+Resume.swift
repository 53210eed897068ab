import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

extension BoxService {
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
}
