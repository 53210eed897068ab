import BoxModel
import HTTPTypes
import Hummingbird

/// Which page of a list a request asks for: `limit`, `sort` and `cursor`.
struct PageRequest: Sendable {
    var limit = 100
    var descending = true
    /// Where the page before ended.
    var after: PageCursor?

    init(_ request: Request) throws {
        let parameters = request.uri.queryParameters
        if let text = parameters["limit"] { limit = try Self.limit(text) }
        if let text = parameters["sort"] { descending = try Self.descending(text) }
        if let text = parameters["cursor"] { after = try Self.cursor(text) }
    }

    private static func limit(_ text: Substring) throws -> Int {
        guard let limit = Int(text), (1...200).contains(limit) else {
            throw APIError(.badRequest, .invalidLimit, "limit \"\(text.prefix(32))\" is not valid: use 1 to 200")
        }
        return limit
    }

    private static func descending(_ text: Substring) throws -> Bool {
        guard ["asc", "desc"].contains(text) else {
            throw APIError(.badRequest, .invalidSort, "sort \"\(text.prefix(32))\" is not valid: use asc or desc")
        }
        return text == "desc"
    }

    private static func cursor(_ text: Substring) throws -> PageCursor {
        guard let cursor = PageCursor(text: text) else {
            throw APIError(.badRequest, .invalidCursor, "cursor is not valid: use the nextCursor of the page before")
        }
        return cursor
    }

    /// The answer's `pageInfo`.
    func info(_ last: PageCursor?, hasMore: Bool) -> JSON {
        ["hasMore": .bool(hasMore), "limit": JSON(limit), "nextCursor": JSON(hasMore ? last?.text : nil)]
    }

    // MARK: SQL

    var order: String { descending ? "DESC" : "ASC" }
    /// Compares with the place where the page before ended.
    var comparison: String { descending ? "<" : ">" }
}
