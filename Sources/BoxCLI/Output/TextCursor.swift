/// Tracks where text has left the cursor of a terminal.
struct TextCursor: Sendable, Equatable {
    /// What was written since the last line end.
    private var line = ""

    var isAtStart: Bool { line.isEmpty }

    mutating func append(_ text: String) {
        let scalars = text.unicodeScalars
        guard let end = scalars.lastIndex(of: "\n") else {
            line += text
            return
        }
        line = String(scalars[scalars.index(after: end)...])
    }

    /// Whether the last row is full. Terminals differ in where the cursor is then.
    func isAtEdge(width: Int) -> Bool {
        var column = 0
        for character in line {
            let columns = character == "\t" ? 8 - column % 8 : Text.width(String(character))
            // A wide character that doesn't fit starts the next row.
            column = column + columns > width ? columns : column + columns
        }
        return column >= width
    }
}
