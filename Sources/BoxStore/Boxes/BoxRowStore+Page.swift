import BoxModel
import GRDB

extension BoxRowStore {
    /// One page of an account's boxes, in order of creation.
    ///
    /// - Parameter states: empty for all.
    package func page(_ page: PageRequest, states: [BoxState], account: String) async throws -> (
        rows: [BoxRow], hasMore: Bool
    ) {
        var query = PageQuery(by: "createdAt")
        query.require("accountID = ? AND NOT isDeleting", [account])
        query.require("state", oneOf: states.map(\.rawValue))
        return try await database.pool.read { [query] in try query.fetch(page, in: $0) }
    }
}
