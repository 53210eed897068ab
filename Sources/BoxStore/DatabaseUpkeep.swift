import GRDB
import Logging
import Synchronization

/// Keeps the database small.
///
/// It removes the oldest events of boxes that have too many, gives free pages back to the file system, and empties the
/// write-ahead log. Creations, idempotency keys and deletion operations expire elsewhere: each is removed where a new
/// one is inserted.
package struct DatabaseUpkeep: Sendable {
    package static let interval = Duration.seconds(600)

    package let database: Database
    package let events: EventStore
    /// The limit of one box's events, in bytes.
    package let eventLimit: Int
    package let logger: Logger
    private let seen = SeenRevisions()

    package init(database: Database, eventLimit: Int, logger: Logger) {
        (self.database, self.eventLimit, self.logger) = (database, eventLimit, logger)
        events = EventStore(database: database)
    }

    /// The revisions of boxes' events at the last check.
    private final class SeenRevisions: Sendable {
        private let revisions = Mutex<[String: Int64]>([:])

        /// - Returns: the boxes whose events have changed since the last time.
        func changed(_ current: [String: Int64]) -> [String] {
            revisions.withLock { last in
                defer { last = current }
                return current.filter { last[$0.key] != $0.value }.map(\.key)
            }
        }
    }

    package func run() async throws {
        for box in seen.changed(try await events.revisions()) {
            let removed = try await events.removeOldest(of: box, beyond: eventLimit)
            guard removed > 0 else { continue }
            logger.info("old events are removed", metadata: ["box": "\(box)", "events": "\(removed)"])
        }
        try await database.shrink()
    }
}

extension Database {
    /// In bytes: the size to which the write-ahead log is cut when it starts again.
    private static let logLimit = 4 << 20
    /// In pages of 4 KiB: how many may stay free for new rows, and how many one step gives back. Steps are small so
    /// that writers don't wait long.
    private static let freePages = 1024
    private static let pagesAtOnce = 2000

    /// Configures a connection that writes. A new file can give pages back from the start
    /// (sqlite.org/pragma.html#pragma_auto_vacuum).
    static func keepSmall(_ database: GRDB.Database) throws {
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_size_limit = \(logLimit)")
    }

    /// Rewrites a file of an earlier boxd, which can't give pages back. It needs as much free space as the file has.
    ///
    /// - Returns: whether the file was rewritten.
    package func makeShrinkable() async throws -> Bool {
        guard try await pool.read({ try Int.fetchOne($0, sql: "PRAGMA auto_vacuum") }) == 0 else { return false }
        try await pool.writeWithoutTransaction { database in
            try Self.keepSmall(database)
            try database.execute(sql: "VACUUM")
        }
        return true
    }

    /// Gives free pages back to the file system, and empties the write-ahead log.
    func shrink() async throws {
        while try await freePages() > Self.freePages {
            let before = try await freePages()
            try await pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA incremental_vacuum(\(Self.pagesAtOnce))")
            }
            guard try await freePages() < before else { break }
        }
        try await emptyLog()
    }

    private func freePages() async throws -> Int {
        try await pool.read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") ?? 0 }
    }

    /// Empties the write-ahead log. When a reader is active for too long, the next run does it.
    package func emptyLog() async throws {
        do { try await pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } } catch let error
            as DatabaseError where error.resultCode == .SQLITE_BUSY
        {}
    }
}

extension EventStore {
    /// The last revision of each box that has events.
    package func revisions() async throws -> [String: Int64] {
        try await database.pool.read { database in
            try Row.fetchAll(database, sql: "SELECT boxID, MAX(revision) AS last FROM event GROUP BY boxID")
                .reduce(into: [:]) { $0[$1["boxID"]] = $1["last"] }
        }
    }

    private struct Run: FetchableRecord {
        let task: String?
        let size: Int
        let isKept: Bool

        init(row: Row) { (task, size, isKept) = (row["taskID"], row["size"], row["isKept"]) }
    }

    /// Removes a box's oldest runs, each with its prompt, until the rest has at most `limit` bytes.
    ///
    /// Runs that haven't ended stay. So does the last change, because its revision must not be used twice.
    ///
    /// - Returns: how many events were removed.
    func removeOldest(of box: String, beyond limit: Int) async throws -> Int {
        let runs = try await database.pool.read { database in
            try Run.fetchAll(
                database,
                sql: """
                    SELECT taskID, SUM(LENGTH(CAST(data AS BLOB)) + 200) AS size,
                        COALESCE(MAX(\(Schema.isOpenPrompt)), 0) OR MAX(revision) = (SELECT MAX(revision) FROM event WHERE boxID = ?1)
                            AS isKept
                    FROM event WHERE boxID = ?1 GROUP BY taskID ORDER BY MIN(timestamp)
                    """, arguments: [box])
        }
        var rest = runs.reduce(0) { $0 + $1.size }
        var removed = 0
        for run in runs where rest > limit && !run.isKept {
            removed += try await database.write { database in
                try database.execute(
                    sql: "DELETE FROM event WHERE boxID = ? AND taskID IS ?", arguments: [box, run.task])
                return database.changesCount
            }
            rest -= run.size
        }
        return removed
    }
}
