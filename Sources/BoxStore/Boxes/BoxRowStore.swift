import BoxModel
import GRDB

/// The boxes in the database. Every method is one transaction.
package struct BoxRowStore: Sendable {
    package let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// The result of inserting a new box.
    package enum Insertion: Sendable, Equatable {
        case inserted
        /// The same request was made before and created this box.
        case repeated(boxID: String)
        /// The idempotency key was used before with another request.
        case keyReused
        case refused(LimitRefusal)
    }

    /// Inserts a new box, unless a limit is reached or the request was made before.
    ///
    /// It is one transaction, so that two concurrent requests can't both use the last free box of a limit.
    package func insert(_ row: BoxRow, limits: ServerLimits, idempotency: IdempotencyKey?) async throws -> Insertion {
        try await database.write { database in
            if let earlier = try idempotency?.find(row.accountID, in: database) { return earlier }
            // The account may have been removed since the request was authenticated.
            let isThere =
                try Account.filter(Column("id") == row.accountID && !Column("isRemoving")).fetchCount(database) == 1
            guard isThere else { throw APIError.unauthorized }
            if let refusal = try limits.refusal(of: row.accountID, creating: true, in: database) {
                return .refused(refusal)
            }
            try row.insert(database)
            try database.execute(
                sql: "INSERT INTO creation (accountID, at) VALUES (?, ?)", arguments: [row.accountID, row.createdAt])
            // Creations ahead of the clock would count again when their date comes, so they are deleted too.
            try database.execute(
                sql: "DELETE FROM creation WHERE at < ? OR at > ?",
                arguments: [row.createdAt - ServerLimits.longestWindow, row.createdAt + 60_000])
            try idempotency?.insert(row, in: database)
            return .inserted
        }
    }

    /// Changes a box that is in one of `states` and meets the condition. For a box that starts to count as active, the
    /// limits must allow it.
    ///
    /// - Returns: the changed box, or nil when its state or the condition didn't match.
    package func transition(
        _ id: String, from states: [BoxState], startingWithin limits: ServerLimits? = nil,
        where condition: @escaping @Sendable (BoxRow) -> Bool = { _ in true },
        _ change: @escaping @Sendable (inout BoxRow) -> Void
    ) async throws -> BoxRow? {
        try await database.write { database in
            guard var row = try BoxRow.fetchOne(database, key: id), !row.isDeleting, states.contains(row.boxState),
                condition(row)
            else { return nil }
            if let refusal = try limits?.refusal(of: row.accountID, creating: false, in: database) {
                throw refusal.error
            }
            change(&row)
            row.updatedAt = Timestamp.now.milliseconds
            try row.update(database)
            return row
        }
    }

    /// Changes a box and returns the result, or nil when there is no such box.
    @discardableResult
    package func update(_ id: String, _ change: @escaping @Sendable (inout BoxRow) -> Void) async throws -> BoxRow? {
        try await database.write { database in
            guard var row = try BoxRow.fetchOne(database, key: id) else { return nil }
            change(&row)
            row.updatedAt = Timestamp.now.milliseconds
            try row.update(database)
            return row
        }
    }

    /// Records a box's disk use. It isn't a change by a user, so `updatedAt` stays.
    ///
    /// - Parameters:
    ///   - used: in bytes.
    ///   - limit: in bytes; nil for none.
    package func setDiskUse(_ used: Int, limit: Int?, of id: String) async throws {
        try await database.write {
            try $0.execute(
                sql: "UPDATE box SET diskUsed = ?, diskLimit = ? WHERE id = ?", arguments: [used, limit, id])
        }
    }

    /// Returns the box, unless it belongs to another account or is being deleted.
    package func find(_ id: String, account: String) async throws -> BoxRow? {
        try await database.pool.read { database in
            try BoxRow.filter(sql: "id = ? AND accountID = ? AND NOT isDeleting", arguments: [id, account]).fetchOne(
                database)
        }
    }

    package func find(_ id: String) async throws -> BoxRow? {
        try await database.pool.read { try BoxRow.fetchOne($0, key: id) }
    }

    /// An account's boxes that can be starting or running.
    package func all(of account: String) async throws -> [BoxRow] {
        let states = (BoxState.active + [.initial, .provisioning]).map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try await database.pool.read {
            try BoxRow.filter(sql: "accountID = ? AND NOT isDeleting AND state IN (\(states))", arguments: [account])
                .fetchAll($0)
        }
    }

    package func all() async throws -> [BoxRow] { try await database.pool.read { try BoxRow.fetchAll($0) } }

    package func delete(_ id: String) async throws {
        try await database.write { database in
            _ = try BoxRow.deleteOne(database, key: id)
            try database.execute(
                sql: "UPDATE deletionOperation SET completedAt = ? WHERE targetID = ? AND completedAt IS NULL",
                arguments: [Timestamp.now.milliseconds, id])
        }
    }

    /// The ids of boxes whose time to live has passed and which still run.
    package func expired(at moment: Timestamp) async throws -> [String] {
        try await activeIDs("archiveAfter <= \(moment.milliseconds)")
    }

    /// Shortens times to live that are longer than the maximum. They come from a clock that was ahead.
    package func limitExpiry(at moment: Timestamp) async throws {
        let latest = moment.advanced(bySeconds: TimeToLive.maximum).milliseconds
        // A minute of tolerance, because requests set times concurrently. Checked with a read first, because this runs
        // every second.
        let sql = "archiveAfter > \(latest + 60_000)"
        guard try await database.pool.read({ try BoxRow.filter(sql: sql).fetchCount($0) }) > 0 else { return }
        try await database.write {
            try $0.execute(sql: "UPDATE box SET archiveAfter = ? WHERE \(sql)", arguments: [latest])
        }
    }

    /// The ids of boxes that are marked as deleted and not removed yet.
    package func deleting() async throws -> [String] {
        try await database.pool.read { try String.fetchAll($0, sql: "SELECT id FROM box WHERE isDeleting") }
    }

    /// The ids of boxes in state `error`.
    package func failed() async throws -> [String] {
        try await database.pool.read {
            try String.fetchAll(
                $0, sql: "SELECT id FROM box WHERE state = ? AND NOT isDeleting", arguments: [BoxState.error.rawValue])
        }
    }

    /// The ids of boxes that should be running.
    package func active() async throws -> [String] { try await activeIDs("TRUE") }

    private func activeIDs(_ condition: String) async throws -> [String] {
        let states = BoxState.active.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try await database.pool.read {
            try String.fetchAll(
                $0, sql: "SELECT id FROM box WHERE state IN (\(states)) AND NOT isDeleting AND \(condition)")
        }
    }

    /// The number of boxes in each state. Boxes that are being deleted count as `deleting`.
    package func countByState() async throws -> [String: Int] {
        try await database.pool.read { database in
            try Row.fetchAll(
                database,
                sql:
                    "SELECT CASE WHEN isDeleting THEN 'deleting' ELSE state END AS what, COUNT(*) AS n FROM box GROUP BY what"
            ).reduce(into: [:]) { $0[$1["what"]] = $1["n"] }
        }
    }

    // MARK: Keys

    /// The largest number of keys of one box.
    package static let maximumKeys = 100

    /// - Returns: false when the box is gone or has ``maximumKeys``.
    package func addKey(_ line: String, to id: String) async throws -> Bool {
        try await database.write { database in
            guard let row = try BoxRow.fetchOne(database, key: id), !row.isDeleting else { return false }
            let count = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM boxKey WHERE boxID = ? AND line != ?", arguments: [id, line])
            guard count ?? 0 < Self.maximumKeys else { return false }
            try database.execute(
                sql: "INSERT OR IGNORE INTO boxKey (boxID, line) VALUES (?, ?)", arguments: [id, line])
            return true
        }
    }

    /// The account's own limits, and the server's for the others.
    package func limits(of account: String, server: ServerLimits) async throws -> ServerLimits {
        try await database.pool.read { try server.applied(to: Account.usable(account, in: $0)) }
    }

    /// How much of its limits the account uses.
    ///
    /// - Parameter limits: the server's limits, for an account without its own.
    /// - Throws: ``APIError/unauthorized`` when the account is being removed.
    package func usage(of account: String, _ limits: ServerLimits) async throws -> LimitUsage {
        try await database.pool.read { try limits.usage(of: account, in: $0) }
    }

    package func keys(of id: String) async throws -> [String] {
        try await database.pool.read {
            try String.fetchAll($0, sql: "SELECT line FROM boxKey WHERE boxID = ? ORDER BY rowid", arguments: [id])
        }
    }
}
