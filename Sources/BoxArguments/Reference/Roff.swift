/// Escapes text for troff.
enum Roff {
    /// Escapes plain text for any position in a line, also its start.
    static func escape(_ text: String) -> String { guardStart(inner(text[...])) }

    /// Escapes one character. Dashes and quotes keep their exact form, so that text copied from the page can be run.
    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": "\\(rs"
        case "-": "\\-"
        case "'": "\\(aq"
        case "`": "\\(ga"
        case "^": "\\(ha"
        case "~": "\\(ti"
        case "\"": "\\(dq"
        case _ where scalar.isASCII: String(Character(scalar))
        default: "\\[u\(hexadecimal(scalar.value))]"
        }
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Escapes text, and makes what is in backticks bold.
    static func prose(_ text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1 else { return escape(text) }
        let line = parts.enumerated().map { index, part in
            index % 2 == 0 ? inner(part) : "\\fB\(inner(part))\\fR"
        }
        return guardStart(line.joined())
    }

    /// Escapes text that isn't at the start of a line.
    private static func inner(_ text: Substring) -> String {
        text.unicodeScalars.map(escape).joined()
    }

    /// Escapes a dot at the start of a line, which would start a request.
    private static func guardStart(_ line: String) -> String { line.first == "." ? "\\&" + line : line }

    static func bold(_ text: String) -> String { "\\fB\(inner(text[...]))\\fR" }

    /// Quotes an argument of a macro.
    static func quoted(_ text: String) -> String { "\"\(inner(text[...]))\"" }
}
