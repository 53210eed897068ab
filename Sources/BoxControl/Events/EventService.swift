import BoxCrypto
import BoxModel
import BoxStore
import BoxSystem
import ServiceLifecycle

/// The events of boxes, and waiting for new ones.
package struct EventService: Sendable {
    package let store: EventStore
    package let commits: CommitSignal

    package init(store: EventStore, commits: CommitSignal) {
        (self.store, self.commits) = (store, commits)
    }

    private static let tagKey = SealingKey.random().bytes

    /// An opaque tag for a revision of a box's events, in hexadecimal.
    ///
    /// The revisions themselves would reveal how much happens in all boxes. The next boxd computes other tags, which
    /// clients take for a change.
    package static func tag(of box: String, at revision: Int64) -> String {
        Digest.hmacSHA256("\(box) \(revision)".utf8, key: tagKey).prefix(12).hexadecimal
    }

    /// Returns when the box's events don't have that tag any more, when the time has passed, or when boxd shuts down.
    package func waitForChange(of box: String, from tag: String, for time: Duration) async throws {
        let deadline = ContinuousClock.now + time
        do {
            try await cancelWhenGracefulShutdown {
                while ContinuousClock.now < deadline {
                    // Read before the revision, so that a commit in between isn't missed.
                    let version = try commits.version()
                    guard let revision = try await store.revision(of: box), Self.tag(of: box, at: revision) == tag
                    else { return }
                    try await commits.wait(after: version, until: deadline)
                }
            }
        } catch is CancellationError {
            // The response then shows the current state.
        }
    }
}
