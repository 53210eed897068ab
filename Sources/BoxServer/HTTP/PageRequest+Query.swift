import BoxModel
import BoxStore
import Hummingbird

/// Parses the parameters `limit`, `sort` and `cursor`.
extension PageRequest {
    init(_ request: Request) throws {
        self.init()
        if let text = try request.query("limit", code: .invalidLimit) { limit = try Self.limit(text) }
        if let text = try request.query("sort", code: .invalidSort) { descending = try Self.descending(text) }
        if let text = try request.query("cursor", code: .invalidCursor) { after = try Self.cursor(text) }
    }

    private static func limit(_ text: String) throws -> Int {
        guard let limit = Int(text), (1...200).contains(limit) else {
            throw APIError(.invalidLimit, "limit \"\(text.prefix(32))\" is not valid: use 1 to 200")
        }
        return limit
    }

    private static func descending(_ text: String) throws -> Bool {
        guard ["asc", "desc"].contains(text) else {
            throw APIError(.invalidSort, "sort \"\(text.prefix(32))\" is not valid: use asc or desc")
        }
        return text == "desc"
    }

    private static func cursor(_ text: String) throws -> PageCursor {
        guard let cursor = PageCursor(text: text) else {
            throw APIError(.invalidCursor, "cursor is not valid: use the nextCursor of the page before")
        }
        return cursor
    }

    /// The `pageInfo` of a response.
    func info(_ last: PageCursor?, hasMore: Bool) -> JSON {
        ["hasMore": .bool(hasMore), "limit": JSON(limit), "nextCursor": JSON(hasMore ? last?.text : nil)]
    }
}
