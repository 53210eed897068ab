import BoxModel
import GRDB
import Synchronization

/// boxd's database: SQLite in WAL mode, so that reads never wait for writes.
///
/// A commit survives every crash of boxd. A power failure can lose the last moments, but never consistency: see
/// Docs/Decisions/0005-durability.md.
package final class Database: Sendable {
    package let pool: DatabasePool
    private let room = Mutex<(@Sendable () async -> Void)?>(nil)

    /// - Throws: ``StartupError`` when the file can't be opened, is damaged, or a newer boxd made it.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            if !database.configuration.readonly { try Self.keepSmall(database) }
        }
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.read { try Self.requireKnownSchema($0, path) }
            try Schema.migrator.migrate(pool)
            try Facts.recordVersion(in: pool)
        } catch let error as DatabaseError {
            throw StartupError(
                Self.isDamaged(error)
                    ? Self.damage(path, "\(error)") : "the database \(path) can't be opened: \(error)")
        }
    }

    /// Returns once the database has answered a query.
    package func requireAnswer() async throws {
        _ = try await pool.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM account") }
    }

    /// Sets the action that frees disk space when the disk is full.
    package func makeRoom(with action: @escaping @Sendable () async -> Void) { room.withLock { $0 = action } }

    /// Runs one transaction. When the disk is full, space is freed and the transaction is tried again a few times.
    ///
    /// - Throws: ``APIError`` `insufficient_storage` when no space could be freed.
    package func write<Value: Sendable>(
        _ updates: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws -> Value {
        var failure: DatabaseError?
        for attempt in 0...Self.triesForRoom {
            do { return try await pool.write(updates) } catch let error as DatabaseError where Self.canBeFull(error) {
                failure = error
            }
            await room.withLock { $0 }?()
            // The machine that fills the disk may need a moment to be paused.
            try await Task.sleep(for: .milliseconds(50 * attempt))
        }
        // A disk that is broken and not full.
        if let failure, !Self.isFull(failure) { throw failure }
        throw APIError(
            .insufficientStorage,
            "the server's disk is full: delete boxes that nobody needs, or ask whoever runs the server", retryAfter: 5)
    }

    private static let triesForRoom = 3

    /// SQLite reports a full disk as such, but for its shared memory. Other failures are tried again too, for a quota may have ended.
    private static func canBeFull(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_IOERR].contains(error.resultCode)
    }

    private static func isFull(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_IOERR_SHMSIZE].contains(error.extendedResultCode)
    }
}
