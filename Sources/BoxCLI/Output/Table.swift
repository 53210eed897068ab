/// Rows under headings, fitted to a terminal's width.
struct Table {
    struct Column {
        let title: String
        /// Whether its cells are truncated when the table is too wide. At most one column is flexible.
        var isFlexible = false
        /// The order in which columns are dropped on a narrow terminal; nil is never dropped.
        var dropsAs: Int?
    }

    struct Cell {
        let text: String
        /// Colours the padded text. It doesn't count for the width.
        var paint: (String) -> String = { $0 }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ row: [Cell]) { rows.append(row) }

    /// The least width of the flexible column, unless its contents are narrower.
    private static let minimum = 8

    /// - Parameter width: in columns; nil for no limit.
    func render(width: Int?, style: Style) -> String {
        let (shown, widths) = fitted(width)
        func line(_ cells: [Cell]) -> String {
            shown.map { index in
                let text = Text.truncate(cells[index].text, to: widths[index])
                return cells[index].paint(index == shown.last ? text : Text.pad(text, to: widths[index]))
            }.joined(separator: "  ")
        }
        let heading = columns.map { Cell(text: $0.title, paint: style.bold) }
        return ([heading] + rows).map { line($0) + "\n" }.joined()
    }

    /// The indices of the shown columns, and the width of every column.
    private func fitted(_ width: Int?) -> (shown: [Int], widths: [Int]) {
        var widths = columns.indices.map { index in
            rows.reduce(Text.width(columns[index].title)) { max($0, Text.width($1[index].text)) }
        }
        var shown = Array(columns.indices)
        guard let width else { return (shown, widths) }
        let least = columns.indices.map { columns[$0].isFlexible ? min(widths[$0], Self.minimum) : widths[$0] }
        let order = shown.filter { columns[$0].dropsAs != nil }
            .sorted { columns[$0].dropsAs ?? 0 < columns[$1].dropsAs ?? 0 }
        for index in order where Self.total(least, shown) > width { shown.removeAll { $0 == index } }
        if let flexible = shown.first(where: { columns[$0].isFlexible }) {
            let excess = max(0, Self.total(widths, shown) - width)
            widths[flexible] = max(least[flexible], widths[flexible] - excess)
        }
        return (shown, widths)
    }

    /// The width of a row, with two spaces between columns.
    private static func total(_ widths: [Int], _ shown: [Int]) -> Int {
        shown.reduce(2 * (shown.count - 1)) { $0 + widths[$1] }
    }
}
