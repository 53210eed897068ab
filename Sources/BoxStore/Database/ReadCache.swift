import Synchronization

/// Values that were read from the database, valid until the next commit of any connection. See
/// Docs/Decisions/0011-read-cache.md.
///
/// Each value is stored with the database's version from before the read. So a commit during the read makes the value
/// invalid too.
package final class ReadCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var version: Int64?
        var values: [Key: Value] = [:]
    }

    private let commits: CommitSignal
    private let maximumCount: Int
    private let state = Mutex(State())

    /// - Parameter maximumCount: when this many values are stored, all are dropped before the next one.
    package init(_ commits: CommitSignal, maximumCount: Int = 10_000) {
        (self.commits, self.maximumCount) = (commits, maximumCount)
    }

    /// Returns the value of that key. A nil isn't stored, so it is read again each time.
    ///
    /// - Parameter version: the database's version, if the same request has read it a moment ago.
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
