import BoxModel
import GRDB

/// The rows of one table that a list shows, page by page.
///
/// They are ordered by a timestamp, and by id where timestamps are equal. So no page repeats or skips a row when rows
/// are added meanwhile.
package struct PageQuery {
    private let moment: String
    private var conditions: [String] = []
    private var arguments = StatementArguments()

    /// - Parameter moment: the column with the milliseconds that a cursor contains.
    package init(by moment: String) { self.moment = moment }

    mutating func require(_ condition: String, _ values: StatementArguments = []) {
        conditions.append(condition)
        arguments += values
    }

    /// - Parameter values: empty for any value.
    mutating func require(_ column: String, oneOf values: [String]) {
        if values.isEmpty { return }
        require("\(column) IN (\(values.map { _ in "?" }.joined(separator: ",")))", StatementArguments(values))
    }

    package func fetch<Row: FetchableRecord & TableRecord>(
        _ page: PageRequest, in database: GRDB.Database
    ) throws -> (rows: [Row], hasMore: Bool) {
        var query = self
        if let after = page.after {
            query.require("(\(moment), id) \(page.comparison) (?, ?)", [after.moment, after.id])
        }
        let sql = """
            SELECT * FROM \(Row.databaseTableName) WHERE \(query.conditions.joined(separator: " AND "))
            ORDER BY \(moment) \(page.order), id \(page.order) LIMIT \(page.limit + 1)
            """
        let rows = try Row.fetchAll(database, sql: sql, arguments: query.arguments)
        return (Array(rows.prefix(page.limit)), rows.count > page.limit)
    }
}
