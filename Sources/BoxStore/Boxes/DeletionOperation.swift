import BoxModel
import GRDB

/// The deletion of a box that was requested with a confirmation. It can be read after the box is gone.
package struct DeletionOperation: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "deletionOperation"

    /// In milliseconds: how long a completed operation can be read.
    package static let lifetime: Int64 = 30 * 86_400_000

    package var id: String
    package var accountID: String
    var targetID: String
    var requestedAt: Int64
    var completedAt: Int64?

    /// The object that the API shows.
    package var json: JSON {
        [
            "id": .string(id), "kind": "box", "targetId": .string(targetID), "reason": "explicit",
            "status": completedAt == nil ? "running" : "completed", "attemptCount": 1,
            "requestedAt": JSON(Timestamp(milliseconds: requestedAt)),
            "completedAt": JSON(completedAt.map(Timestamp.init(milliseconds:))),
        ]
    }
}

extension BoxRowStore {
    /// Marks a box as deleted and inserts the operation, or returns nil when the account has no such box any more.
    package func beginDeletion(_ id: String, account: String) async throws -> DeletionOperation? {
        let operation = DeletionOperation(
            id: "bdop_" + RandomText.hex(bytes: 16), accountID: account, targetID: id,
            requestedAt: Timestamp.now.milliseconds)
        return try await database.write { database in
            guard var row = try BoxRow.fetchOne(database, key: id), row.accountID == account, !row.isDeleting else {
                return nil
            }
            row.isDeleting = true
            try row.update(database)
            try operation.insert(database)
            try database.execute(
                sql: "DELETE FROM deletionOperation WHERE completedAt < ?",
                arguments: [operation.requestedAt - DeletionOperation.lifetime])
            return operation
        }
    }

    package func deletionOperation(_ id: String, account: String) async throws -> DeletionOperation? {
        try await database.pool.read { database in
            try DeletionOperation.filter(sql: "id = ? AND accountID = ?", arguments: [id, account]).fetchOne(database)
        }
    }
}
