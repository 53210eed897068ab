import BoxModel
import ServiceLifecycle

/// What happened in boxes, and waiting for more of it.
struct EventService: Sendable {
    let store: EventStore
    let commits: CommitSignal

    /// Returns when the box's events aren't as in that revision any more, when the time is up, or when boxd is to end.
    func waitForChange(of box: String, from revision: Int64, for time: Duration) async throws {
        let deadline = ContinuousClock.now + time
        do {
            try await cancelWhenGracefulShutdown {
                while ContinuousClock.now < deadline {
                    // Read before the revision, so that a commit in between isn't missed.
                    let version = try commits.version()
                    guard try await store.revision(of: box) == revision else { return }
                    try await commits.wait(after: version, until: deadline)
                }
            }
        } catch is CancellationError {
            // The answer says what there is now.
        }
    }
}
