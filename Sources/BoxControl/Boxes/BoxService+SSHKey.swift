import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Logging

extension BoxService {
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
}
