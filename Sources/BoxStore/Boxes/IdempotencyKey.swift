import BoxModel
import FoundationEssentials
import GRDB

/// A client's name for one request, so that repeating the request creates no second box.
package struct IdempotencyKey: Sendable {
    package static let maximumLength = 255
    /// In milliseconds: how long a key is kept.
    package static let lifetime: Int64 = 24 * 3600 * 1000

    package let key: String
    let requestHash: Data

    /// - Parameters:
    ///   - operation: the kind of request, for example `create` or `fork bx_…`.
    ///   - body: the request's body as sent. It can contain secrets, so only a keyed digest of it is kept.
    package init(_ key: String, operation: String, body: [UInt8], sealer: Sealer) throws {
        guard !key.isEmpty, key.utf8.count <= Self.maximumLength else {
            throw APIError(
                .invalidIdempotencyKey, "Idempotency-Key has to have 1 to \(Self.maximumLength) characters"
            )
        }
        self.key = key
        requestHash = sealer.digest(Array(operation.utf8) + [0] + body)
    }

    /// The result of the earlier request with this key, or nil when the key is new.
    package func find(_ account: String, in database: GRDB.Database) throws -> BoxRowStore.Insertion? {
        let now = Timestamp.now.milliseconds
        // Keys of a clock that was ahead are deleted too. They would be kept until their date and the lifetime after
        // it.
        try database.execute(
            sql: "DELETE FROM idempotency WHERE createdAt < ? OR createdAt > ?",
            arguments: [now - Self.lifetime, now + Self.lifetime])
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT requestHash, boxID FROM idempotency WHERE accountID = ? AND key = ?",
                arguments: [account, key])
        else { return nil }
        guard row["requestHash"] == requestHash else { return .keyReused }
        return .repeated(boxID: row["boxID"])
    }

    package func insert(_ box: BoxRow, in database: GRDB.Database) throws {
        try database.execute(
            sql: "INSERT INTO idempotency (accountID, key, requestHash, boxID, createdAt) VALUES (?, ?, ?, ?, ?)",
            arguments: [box.accountID, key, requestHash, box.id, box.createdAt])
    }
}
