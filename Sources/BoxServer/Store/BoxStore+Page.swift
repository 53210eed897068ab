import BoxModel
import GRDB

extension BoxStore {
    /// One page of an account's boxes, in order of creation; boxes of the same moment in order of their ids, so that no page
    /// repeats or skips one when boxes are made meanwhile.
    ///
    /// - Parameter states: all when empty.
    func page(_ page: PageRequest, states: [BoxState], account: String) async throws -> (rows: [BoxRow], hasMore: Bool)
    {
        try await database.pool.read { database in
            var conditions = ["accountID = ?", "NOT isDeleting"]
            var arguments: StatementArguments = [account]
            if !states.isEmpty {
                conditions.append("state IN (\(states.map { _ in "?" }.joined(separator: ",")))")
                arguments += StatementArguments(states.map(\.rawValue))
            }
            if let after = page.after {
                conditions.append("(createdAt, id) \(page.comparison) (?, ?)")
                arguments += [after.moment, after.id]
            }
            let sql = """
                SELECT * FROM box WHERE \(conditions.joined(separator: " AND "))
                ORDER BY createdAt \(page.order), id \(page.order) LIMIT \(page.limit + 1)
                """
            let rows = try BoxRow.fetchAll(database, sql: sql, arguments: arguments)
            return (Array(rows.prefix(page.limit)), rows.count > page.limit)
        }
    }
}
