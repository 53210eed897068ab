import BoxModel
import Hummingbird

/// Boxes as `GET /boxes/{id}` shows them, which is what clients ask for most: they poll it.
struct BoxViews: Sendable {
    private struct View: Sendable {
        let accountID: String
        let body: ByteBuffer
    }

    private let store: BoxStore
    private let cache: ReadCache<String, View>

    init(store: BoxStore, commits: CommitSignal) { (self.store, cache) = (store, ReadCache(commits)) }

    /// The answer's body, or nil when the account has no such box.
    func find(_ id: String, account: String, at version: Int64?) async throws -> ByteBuffer? {
        let view = try await cache.value(id, at: version) {
            guard let row = try await store.find(id), !row.isDeleting else { return nil }
            let json = Response.envelope("box.info", ["box": row.json])
            return View(accountID: row.accountID, body: ByteBuffer(bytes: json.compactBytes))
        }
        return view?.accountID == account ? view?.body : nil
    }
}
