import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

extension BoxService {
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
}
