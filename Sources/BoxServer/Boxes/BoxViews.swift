import BoxCrypto
import BoxModel
import BoxStore
import BoxSystem
import Hummingbird
import ServiceLifecycle

/// Caches boxes as `GET /boxes/{id}` shows them. Clients poll that route, so it gets the most requests.
struct BoxViews: Sendable {
    private struct View: Sendable {
        let accountID: String
        let body: ByteBuffer
    }

    private let store: BoxRowStore
    private let commits: CommitSignal
    private let cache: ReadCache<String, View>

    init(store: BoxRowStore, commits: CommitSignal) {
        (self.store, self.commits, cache) = (store, commits, ReadCache(commits))
    }

    /// The response's body, or nil when the account has no such box.
    func find(_ id: String, account: String, at version: Int64?) async throws -> ByteBuffer? {
        let view = try await cache.value(id, at: version) {
            guard let row = try await store.find(id), !row.isDeleting else { return nil }
            let json = Response.envelope("box.info", ["box": row.json])
            return View(accountID: row.accountID, body: ByteBuffer(bytes: json.compactBytes))
        }
        return view?.accountID == account ? view?.body : nil
    }

    /// The response's body with its tag. Returns once the tag differs from the known one, when the time has passed, or
    /// when boxd shuts down.
    func change(_ id: String, account: String, known: String?, for time: Duration) async throws -> (
        body: ByteBuffer, tag: String
    )? {
        let deadline = ContinuousClock.now + time
        while true {
            // Read before the view, so that a commit in between isn't missed.
            let version = try commits.version()
            guard let body = try await find(id, account: account, at: version) else { return nil }
            let tag = Self.tag(body)
            if tag != known || ContinuousClock.now >= deadline { return (body, tag) }
            do {
                try await cancelWhenGracefulShutdown { try await commits.wait(after: version, until: deadline) }
            } catch is CancellationError {
                return (body, tag)
            }
        }
    }

    private static func tag(_ body: ByteBuffer) -> String {
        let digest = Digest.sha1(body.readableBytesView)
        return "\"" + digest.prefix(12).hexadecimal + "\""
    }
}
