/// Writes and reads a value's literal in a ``Dotenv`` text.
enum DotenvValue {
    private static let escapes: [(letter: UInt8, byte: UInt8)] = [
        (UInt8(ascii: "n"), 0x0A), (UInt8(ascii: "r"), 0x0D), (UInt8(ascii: "t"), 0x09),
    ]
    private static let escaped = Array("\\\"$`".utf8)

    /// The ways to write a value, with those first that most programs read alike.
    ///
    /// They are: plain, in single quotes, where everything is literal, and with escapes on one line.
    static func literals(for value: String) -> [String] {
        if value.isEmpty { return [""] }
        let quoted = ShellWord.quoted(value)
        if quoted.utf8.elementsEqual(value.utf8) { return [value] }
        // Some programs treat a backslash before the last quote as an escape.
        let fitsSingle = !value.utf8.contains(UInt8(ascii: "'")) && value.utf8.last != UInt8(ascii: "\\")
        return (fitsSingle ? [quoted] : []) + ["\"" + escape(value) + "\""]
    }

    private static func escape(_ value: String) -> String {
        var out: [UInt8] = []
        for byte in value.utf8 {
            if let escape = escapes.first(where: { $0.byte == byte }) {
                out += [UInt8(ascii: "\\"), escape.letter]
            } else if escaped.contains(byte) {
                out += [UInt8(ascii: "\\"), byte]
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Unescapes the value between quotes. In quotes other than double ones, only the quote itself can be escaped.
    static func unescaped(_ bytes: ArraySlice<UInt8>, quote: UInt8) -> String {
        var out: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.first, let meant = meaning(of: next, quote: quote) else {
                out.append(byte)
                continue
            }
            out.append(meant)
            rest.removeFirst()
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func meaning(of letter: UInt8, quote: UInt8) -> UInt8? {
        guard quote == UInt8(ascii: "\"") else { return letter == quote ? letter : nil }
        return escaped.contains(letter) ? letter : escapes.first { $0.letter == letter }?.byte
    }
}
