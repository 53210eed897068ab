import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

extension BoxService {
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
}
