import Synchronization

/// What was read from the database, valid until the next commit of anybody: see Docs/Decisions/0011-read-cache.md.
///
/// Each value is kept with the version of the database that was read before it, so a commit while it was read makes it invalid too.
package final class ReadCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var version: Int64?
        var values: [Key: Value] = [:]
    }

    private let commits: CommitSignal
    private let maximumCount: Int
    private let state = Mutex(State())

    /// - Parameter maximumCount: all values are dropped when there would be more.
    package init(_ commits: CommitSignal, maximumCount: Int = 10_000) {
        (self.commits, self.maximumCount) = (commits, maximumCount)
    }

    /// The value of that key; what is nil is read again each time.
    ///
    /// - Parameter version: the database's, when it was read for the same request a moment ago.
    package func value(_ key: Key, at version: Int64? = nil, read: () async throws -> Value?) async throws -> Value? {
        let version = try version ?? commits.version()
        let kept = state.withLock { $0.version == version ? $0.values[key] : nil }
        if let kept { return kept }
        guard let value = try await read() else { return nil }
        state.withLock { state in
            if state.version != version || state.values.count >= maximumCount { state.values = [:] }
            state.version = version
            state.values[key] = value
        }
        return value
    }
}
