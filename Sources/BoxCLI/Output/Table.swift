/// Rows under headings, fitted to a terminal's width.
struct Table {
    struct Column {
        let title: String
        /// Whether its cells are cut when the table is too wide. One column at most.
        var isFlexible = false
    }

    struct Cell {
        let text: String
        /// Colours the padded text; width is counted without it.
        var paint: (String) -> String = { $0 }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ row: [Cell]) { rows.append(row) }

    /// - Parameter width: in columns; nil lets rows be as long as they are.
    func render(width: Int?, style: Style) -> String {
        let widths = fittedWidths(width)
        func line(_ cells: [Cell]) -> String {
            cells.indices.map { index in
                let text = Text.truncate(cells[index].text, to: widths[index])
                let isLast = index == cells.count - 1
                return cells[index].paint(isLast ? text : Text.pad(text, to: widths[index]))
            }.joined(separator: "  ")
        }
        let heading = columns.map { Cell(text: $0.title, paint: style.bold) }
        return ([heading] + rows).map { line($0) + "\n" }.joined()
    }

    private func fittedWidths(_ width: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(Text.width(columns[index].title)) { max($0, Text.width($1[index].text)) }
        }
        guard let width, let flexible = columns.firstIndex(where: \.isFlexible) else { return widths }
        let excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
        if excess > 0 { widths[flexible] = max(8, widths[flexible] - excess) }
        return widths
    }
}
