/// One variable of a ``Dotenv`` text.
struct DotenvEntry: Sendable, Equatable {
    let name: String
    let value: String
    /// The bytes of its lines, including the last line end.
    let lines: Range<Int>
    /// The bytes of its value as written, including quotes.
    let literal: Range<Int>
}

/// Parses a ``Dotenv`` text line by line.
struct DotenvParser {
    private let bytes: [UInt8]
    private(set) var entries: [DotenvEntry] = []
    /// The lines that don't belong to a variable.
    private(set) var others: [Range<Int>] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var position = 0
        while position < bytes.count {
            if let entry = entry(at: position) {
                entries.append(entry)
                position = entry.lines.upperBound
            } else {
                let end = lineEnd(position)
                others.append(position..<end)
                position = end
            }
        }
    }

    private func entry(at start: Int) -> DotenvEntry? {
        guard let (name, valueStart) = header(at: start) else { return nil }
        let (value, literal) = quoted(at: valueStart) ?? unquoted(at: valueStart)
        let lines = start..<lineEnd(literal.upperBound)
        return DotenvEntry(name: name, value: value, lines: lines, literal: literal)
    }

    /// Parses `[export] NAME =`, and returns where the value starts.
    private func header(at start: Int) -> (name: String, valueStart: Int)? {
        let first = skipBlanks(start)
        let afterExport = skipBlanks(first + Self.export.count)
        let hasExport = bytes[first...].starts(with: Self.export) && afterExport > first + Self.export.count
        return (hasExport ? assignment(at: afterExport) : nil) ?? assignment(at: first)
    }

    private func assignment(at start: Int) -> (name: String, valueStart: Int)? {
        let end = bytes[start...].firstIndex { !Self.isNameByte($0) } ?? bytes.count
        let equals = skipBlanks(end)
        guard end > start, equals < bytes.count, bytes[equals] == UInt8(ascii: "=") else { return nil }
        return (text(start..<end), skipBlanks(equals + 1))
    }

    // MARK: Values

    /// A value in quotes, which may have several lines. Unclosed quotes are part of an unquoted value.
    private func quoted(at start: Int) -> (value: String, literal: Range<Int>)? {
        guard start < bytes.count, Self.quotes.contains(bytes[start]) else { return nil }
        let quote = bytes[start]
        if quote != UInt8(ascii: "\""), let end = closing(quote, after: start, hasEscapes: false) {
            return (text(start + 1..<end), start..<end + 1)
        }
        guard let end = closing(quote, after: start, hasEscapes: true) else { return nil }
        return (DotenvValue.unescaped(bytes[start + 1..<end], quote: quote), start..<end + 1)
    }

    private func closing(_ quote: UInt8, after start: Int, hasEscapes: Bool) -> Int? {
        var position = start + 1
        while position < bytes.count, bytes[position] != quote {
            position += hasEscapes && bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count, isAtEndOfValue(position + 1) else { return nil }
        return opensAnother(position, since: start) ? nil : position
    }

    /// Whether only a comment or nothing follows on the line.
    private func isAtEndOfValue(_ position: Int) -> Bool {
        let next = skipBlanks(position)
        return next == bytes.count || bytes[next] == UInt8(ascii: "\n") || bytes[next] == UInt8(ascii: "#")
    }

    /// Whether the quote opens another variable's value. Then a missing quote affects only its own line.
    private func opensAnother(_ position: Int, since start: Int) -> Bool {
        guard let lineBreak = bytes[start..<position].lastIndex(of: UInt8(ascii: "\n")) else { return false }
        return header(at: lineBreak + 1)?.valueStart == position
    }

    /// The rest of the line without its comment, which starts with `#` after a blank.
    private func unquoted(at start: Int) -> (value: String, literal: Range<Int>) {
        var end = start
        var position = start
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
            let startsComment = bytes[position] == UInt8(ascii: "#")
            if startsComment, position == start || Self.isBlank(bytes[position - 1]) { break }
            if !Self.isBlank(bytes[position]) { end = position + 1 }
            position += 1
        }
        return (text(start..<end), start..<end)
    }

    // MARK: Bytes

    private static let export = Array("export".utf8)
    private static let quotes = Array("'\"`".utf8)

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func skipBlanks(_ position: Int) -> Int {
        guard position < bytes.count else { return bytes.count }
        return bytes[position...].firstIndex { !Self.isBlank($0) } ?? bytes.count
    }

    /// The position after the line's end.
    private func lineEnd(_ position: Int) -> Int {
        bytes[position...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): true
        default: false
        }
    }
}
