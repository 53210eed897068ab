import BoxModel

/// The page of a list that a request asks for.
package struct PageRequest: Sendable {
    package var limit = 100
    package var descending = true
    /// The position at which the previous page ended.
    package var after: PageCursor?

    package init() {}

    package var order: String { descending ? "DESC" : "ASC" }
    /// The SQL operator that compares a row with the end of the previous page.
    var comparison: String { descending ? "<" : ">" }
}
