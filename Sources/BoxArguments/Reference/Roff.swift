/// Text for troff, with nothing in it that troff would take for its own.
enum Roff {
    /// Plain text, safe anywhere in a line, also at its start.
    static func escape(_ text: String) -> String { guardStart(inner(text[...])) }

    /// A dash stays a dash and a quote a quote, so that what is copied from the page can be run.
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

    /// Text in which what is between backticks is to be typed as it is: bold.
    static func prose(_ text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1 else { return escape(text) }
        let line = parts.enumerated().map { index, part in
            index % 2 == 0 ? inner(part) : "\\fB\(inner(part))\\fR"
        }
        return guardStart(line.joined())
    }

    /// As ``escape(_:)``, where it isn't at the start of a line.
    private static func inner(_ text: Substring) -> String {
        text.unicodeScalars.map(escape).joined()
    }

    /// A dot at the start of a line would make it a request.
    private static func guardStart(_ line: String) -> String { line.first == "." ? "\\&" + line : line }

    static func bold(_ text: String) -> String { "\\fB\(inner(text[...]))\\fR" }

    /// An argument of a macro.
    static func quoted(_ text: String) -> String { "\"\(inner(text[...]))\"" }
}
