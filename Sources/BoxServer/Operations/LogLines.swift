/// Writes each text as one line of limited length. Output of tools and boxes can be long and contain line breaks.
public struct LogLines: TextOutputStream, Sendable {
    /// The longest line in bytes.
    static let longest = 4096

    private let output: @Sendable (String) -> Void

    /// - Parameter output: writes a line, which includes its line feed. The default writes to standard error.
    public init(output: @escaping @Sendable (String) -> Void = JSONLogHandler.writeToStandardError) {
        self.output = output
    }

    public mutating func write(_ text: String) {
        // Not by characters: a carriage return and a line feed are one character.
        let line = text.utf8.last == UInt8(ascii: "\n") ? String(text.unicodeScalars.dropLast()) : text
        output(Self.cut(line).unicodeScalars.reduce(into: "") { $0 += Self.shown($1) } + "\n")
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: scalar == "\n" ? "\\n" : scalar == "\t" ? " " : "?"
        default: String(scalar)
        }
    }

    /// The text, or its beginning and size when it is too long.
    static func cut(_ text: String) -> String {
        let size = text.utf8.count
        guard size > longest else { return text }
        return String(decoding: text.utf8.prefix(longest), as: UTF8.self) + " … [\(size) bytes in all]"
    }
}
