import BoxModel

/// The position of a page in its list.
public struct PageInfo: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// The `cursor` of the next call; nil on the last page.
    public var nextCursor: String? { json["nextCursor"]?.string }
    /// Whether there are more pages; nil when the server doesn't send it.
    public var hasMore: Bool? { json["hasMore"]?.bool }
    /// The limit of entries per page.
    public var limit: Int? { json["limit"]?.int }
}

/// One page of a list.
public protocol APIPage: APIAnswer {}

extension APIPage {
    /// The position of the page in its list; nil when the server doesn't send it.
    public var pageInfo: PageInfo? { json["pageInfo"].flatMap { $0.object == nil ? nil : PageInfo(json: $0) } }
    /// The `cursor` of the next call; nil on the last page.
    public var nextCursor: String? { pageInfo?.hasMore == false ? nil : pageInfo?.nextCursor }
}

/// The order of a list, by creation time.
public enum SortOrder: String, Sendable { case ascending = "asc", descending = "desc" }
