/// Writes each text as one line of bounded length: what a tool or a box says can be long and have lines of its own.
public struct LogLines: TextOutputStream, Sendable {
    /// In bytes.
    static let longest = 4096

    private let output: @Sendable (String) -> Void

    /// - Parameter output: takes a line with its line feed; standard error when absent.
    public init(output: @escaping @Sendable (String) -> Void = JSONLogHandler.writeToStandardError) {
        self.output = output
    }

    public mutating func write(_ text: String) {
        // Not by characters, of which a carriage return and a line feed are one.
        let line = text.utf8.last == UInt8(ascii: "\n") ? String(text.unicodeScalars.dropLast()) : text
        output(Self.cut(line).unicodeScalars.reduce(into: "") { $0 += Self.shown($1) } + "\n")
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: scalar == "\n" ? "\\n" : scalar == "\t" ? " " : "?"
        default: String(scalar)
        }
    }

    /// The text, or its beginning and its size where it is too long.
    static func cut(_ text: String) -> String {
        let size = text.utf8.count
        guard size > longest else { return text }
        return String(decoding: text.utf8.prefix(longest), as: UTF8.self) + " … [\(size) bytes in all]"
    }
}
