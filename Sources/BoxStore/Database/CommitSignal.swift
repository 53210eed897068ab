import GRDB
import Synchronization

/// Resumes waiting tasks when any connection has committed to the database.
///
/// SQLite's `data_version` of a connection that never writes changes with every commit of another connection, in this
/// process or in another one. Reading it takes microseconds.
package final class CommitSignal: Sendable {
    /// How long a commit of another process can stay unnoticed.
    package static let interval = Duration.milliseconds(15)

    private let connection: DatabaseQueue

    package init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// A number that changes with the next commit.
    package func version() throws -> Int64 {
        try connection.unsafeRead { database in
            try Int64.fetchOne(database.cachedStatement(sql: "PRAGMA data_version")) ?? 0
        }
    }

    // MARK: Waiting

    private struct Waiter {
        let seen: Int64
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct Waiting {
        var waiters: [Int: Waiter] = [:]
        /// The id of the last waiter.
        var lastID = 0
        var cancelled: Set<Int> = []
        var isTicking = false
    }

    private let waiting = Mutex(Waiting())

    var waiterCount: Int { waiting.withLock { $0.waiters.count } }

    /// Returns once something was committed after `seen` was read, or the deadline has passed.
    ///
    /// One task polls for all waiters. It ends when there are none.
    /// - Throws: `CancellationError`.
    package func wait(after seen: Int64, until deadline: ContinuousClock.Instant) async throws {
        let id = waiting.withLock { waiting in
            waiting.lastID += 1
            return waiting.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(seen: seen, deadline: deadline, continuation: continuation)
                insert(id, waiter)
            }
        } onCancel: {
            let waiter = waiting.withLock { waiting in
                if waiting.waiters[id] == nil { waiting.cancelled.insert(id) }
                return waiting.waiters.removeValue(forKey: id)
            }
            waiter?.continuation.resume()
        }
        waiting.withLock { _ = $0.cancelled.remove(id) }
        try Task.checkCancellation()
    }

    private func insert(_ id: Int, _ waiter: Waiter) {
        let (isCancelled, starts) = waiting.withLock { waiting in
            guard !waiting.cancelled.contains(id) else { return (true, false) }
            waiting.waiters[id] = waiter
            defer { waiting.isTicking = true }
            return (false, !waiting.isTicking)
        }
        if isCancelled { waiter.continuation.resume() }
        if starts { Task { await tick() } }
    }

    /// Polls until there are no waiters any more.
    private func tick() async {
        while true {
            look()
            let isOver = waiting.withLock { waiting in
                waiting.isTicking = !waiting.waiters.isEmpty
                return waiting.waiters.isEmpty
            }
            if isOver { return }
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// Resumes the waiters that have seen another version or whose deadline has passed.
    private func look() {
        // On an error every waiter is resumed and gets the database's error by its own next read.
        let version = try? version()
        let now = ContinuousClock.now
        let done = waiting.withLock { waiting in
            let done = waiting.waiters.filter { $0.value.seen != version || $0.value.deadline <= now }
            for id in done.keys { waiting.waiters[id] = nil }
            return done.values.map(\.continuation)
        }
        for continuation in done { continuation.resume() }
    }

    // MARK: Commits of this process

    /// Resumes waiters at once after each commit through this pool.
    package func observe(_ pool: DatabasePool) {
        pool.add(transactionObserver: Observer(self), extent: .databaseLifetime)
    }

    private final class Observer: TransactionObserver {
        private let signal: CommitSignal

        init(_ signal: CommitSignal) { self.signal = signal }

        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseDidRollback(_ db: GRDB.Database) {}
        // GRDB calls this on the writer's queue, which mustn't wait for the check.
        func databaseDidCommit(_ db: GRDB.Database) {
            if signal.waiterCount > 0 { Task { [signal] in signal.look() } }
        }
    }
}
