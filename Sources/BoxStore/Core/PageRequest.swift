import BoxModel

/// Which page of a list is asked for.
package struct PageRequest: Sendable {
    package var limit = 100
    package var descending = true
    /// Where the page before ended.
    package var after: PageCursor?

    package init() {}

    package var order: String { descending ? "DESC" : "ASC" }
    /// Compares with the place where the page before ended.
    var comparison: String { descending ? "<" : ">" }
}
