import BoxModel
import GRDB

/// Which boxes a list shows.
struct BoxQuery: Sendable {
    var account: String
    var states: [BoxState] = []
    var descending = true
    /// Where the page before ended: the moment of creation and the id of its last box.
    var after: (createdAt: Int64, id: String)?
    var limit = 100
}

extension BoxStore {
    /// One page, in order of creation; boxes of the same moment in order of their ids, so that no page repeats or skips one
    /// when boxes are made meanwhile.
    func page(_ query: BoxQuery) async throws -> (rows: [BoxRow], hasMore: Bool) {
        try await database.pool.read { database in
            var conditions = ["accountID = ?", "NOT isDeleting"]
            var arguments: StatementArguments = [query.account]
            if !query.states.isEmpty {
                conditions.append("state IN (\(query.states.map { _ in "?" }.joined(separator: ",")))")
                arguments += StatementArguments(query.states.map(\.rawValue))
            }
            if let after = query.after {
                conditions.append("(createdAt, id) \(query.descending ? "<" : ">") (?, ?)")
                arguments += [after.createdAt, after.id]
            }
            let order = query.descending ? "DESC" : "ASC"
            let sql = """
                SELECT * FROM box WHERE \(conditions.joined(separator: " AND "))
                ORDER BY createdAt \(order), id \(order) LIMIT \(query.limit + 1)
                """
            let rows = try BoxRow.fetchAll(database, sql: sql, arguments: arguments)
            return (Array(rows.prefix(query.limit)), rows.count > query.limit)
        }
    }
}
