import GRDB

/// Tells those who wait for news in the database of them, whoever writes: SQLite's `data_version` of a connection that
/// never writes changes with every commit of any other, in this process or another. Reading it takes microseconds.
struct CommitSignal: Sendable {
    /// How long a commit can go unnoticed.
    static let interval = Duration.milliseconds(15)

    private let connection: DatabaseQueue

    init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// A number that is another after the next commit.
    func version() throws -> Int64 {
        try connection.unsafeRead { try Int64.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
    }

    /// Returns once something was committed after `seen` was read, or the deadline has passed.
    ///
    /// - Throws: `CancellationError`.
    func wait(after seen: Int64, until deadline: ContinuousClock.Instant) async throws {
        while try version() == seen, ContinuousClock.now < deadline { try await Task.sleep(for: Self.interval) }
    }
}
