/// A text of `NAME=value` lines, such as a `.env` file, that can be changed without touching other lines.
///
/// A line can start with `export`, and a comment with `#`. A value is the rest of its line, or it is in quotes and may
/// have several lines. In single quotes and backticks it is literal. In double quotes `\n`, `\r`, `\t` and a backslash
/// before `\`, `"`, `$` and a backtick are escapes. Of several lines with one name the last counts.
public struct Dotenv: Sendable, Equatable {
    private var bytes: [UInt8]
    private var entries: [DotenvEntry]
    private var others: [Range<Int>]

    /// - Parameter text: a leading byte order mark, as some editors write, is removed.
    public init(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes.starts(with: Self.byteOrderMark) ? Array(bytes.dropFirst(3)) : bytes)
    }

    /// U+FEFF in UTF-8.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let parser = DotenvParser(bytes)
        entries = parser.entries
        others = parser.others
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Each name once, in the order of the effective lines.
    public var variables: [(name: String, value: String)] {
        var seen: Set<String> = []
        return entries.reversed().filter { seen.insert($0.name).inserted }.reversed().map { ($0.name, $0.value) }
    }

    public func value(of name: String) -> String? { entries.last { $0.name == name }?.value }

    /// The numbers, from 1, of the lines that are neither a variable, a comment nor empty.
    public var unreadableLines: [Int] {
        others.filter { range in
            let first = bytes[range].first { !DotenvParser.isBlank($0) } ?? 0x0A
            return first != 0x0A && first != UInt8(ascii: "#")
        }.map { range in bytes[..<range.lowerBound].count { $0 == 0x0A } + 1 }
    }
}

/// The error for a change that would alter the meaning of other lines.
public enum DotenvError: Error, Sendable, Equatable {
    /// Most likely an earlier quote isn't closed.
    case ambiguous(name: String)
}

extension Dotenv {
    /// Sets a variable in its line, or adds a line for it.
    ///
    /// - Parameter value: must not contain NUL.
    public mutating func set(_ name: String, to value: String) throws(DotenvError) {
        for literal in DotenvValue.literals(for: value) {
            let changed = writing(literal, to: name)
            if changed.value(of: name)?.utf8.elementsEqual(value.utf8) == true, changed.differs(from: self, in: name) {
                self = changed
                return
            }
        }
        throw .ambiguous(name: name)
    }

    /// Removes every line of a variable.
    ///
    /// - Returns: whether the variable existed.
    @discardableResult
    public mutating func remove(_ name: String) throws(DotenvError) -> Bool {
        let removed = entries.filter { $0.name == name }
        if removed.isEmpty { return false }
        var kept = bytes
        for entry in removed.reversed() { kept.removeSubrange(entry.lines) }
        let changed = Dotenv(kept)
        guard changed.value(of: name) == nil, changed.differs(from: self, in: name) else {
            throw .ambiguous(name: name)
        }
        self = changed
        return true
    }

    private func writing(_ literal: String, to name: String) -> Dotenv {
        var changed = bytes
        guard let entry = entries.last(where: { $0.name == name }) else {
            let lineEnd = Array((bytes.suffix(2) == [0x0D, 0x0A] ? "\r\n" : "\n").utf8)
            if let last = bytes.last, last != 0x0A { changed += lineEnd }
            return Dotenv(changed + Array("\(name)=\(literal)".utf8) + lineEnd)
        }
        // A comment needs a blank before it.
        let end = entry.literal.upperBound
        let space = end < bytes.count && bytes[end] == UInt8(ascii: "#") ? " " : ""
        changed.replaceSubrange(entry.literal, with: Array((literal + space).utf8))
        return Dotenv(changed)
    }

    /// Whether, after parsing, only this variable differs.
    private func differs(from other: Dotenv, in name: String) -> Bool {
        func rest(_ text: Dotenv) -> [[UInt8]] {
            text.entries.filter { $0.name != name }.map { Array(text.bytes[$0.lines]) }
        }
        func comments(_ text: Dotenv) -> [[UInt8]] { text.others.map { Array(text.bytes[$0]) } }
        return rest(self).map(Self.withoutLineEnd) == rest(other).map(Self.withoutLineEnd)
            && comments(self).map(Self.withoutLineEnd) == comments(other).map(Self.withoutLineEnd)
    }

    /// Removes the line end, because a last line may have got one.
    private static func withoutLineEnd(_ line: [UInt8]) -> [UInt8] {
        var line = line
        while line.last == 0x0A || line.last == 0x0D { line.removeLast() }
        return line
    }
}
