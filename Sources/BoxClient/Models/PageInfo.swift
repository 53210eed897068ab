import BoxModel

/// Where a page of a list stands.
public struct PageInfo: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// For the next call's `cursor`; nil on the last page.
    public var nextCursor: String? { json["nextCursor"]?.string }
    /// Whether there are more pages; nil when the server doesn't say.
    public var hasMore: Bool? { json["hasMore"]?.bool }
    /// The most entries that the page could have.
    public var limit: Int? { json["limit"]?.int }
}

/// One page of a list.
public protocol APIPage: APIAnswer {}

extension APIPage {
    /// Where the page stands in its list; nil when the server doesn't say.
    public var pageInfo: PageInfo? { json["pageInfo"].flatMap { $0.object == nil ? nil : PageInfo(json: $0) } }
    /// For the next call's `cursor`; nil on the last page.
    public var nextCursor: String? { pageInfo?.hasMore == false ? nil : pageInfo?.nextCursor }
}

/// In which order boxes are listed, by creation.
public enum SortOrder: String, Sendable { case ascending = "asc", descending = "desc" }
