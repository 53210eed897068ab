extension JSON {
    /// The string, with unpaired surrogates replaced by U+FFFD. Nil when this isn't a string.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .escapedString(let escaped): Self.repaired(escaped)
        default: nil
        }
    }

    private static func repaired(_ escaped: String) -> String? {
        let bytes = Array(escaped.utf8)
        var kept: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "\\") else {
                kept.append(bytes[position])
                position += 1
                continue
            }
            switch (unit(bytes, at: position), unit(bytes, at: position + 6)) {
            case (let first?, let second?) where UTF16.isLeadSurrogate(first) && UTF16.isTrailSurrogate(second):
                kept += bytes[position..<position + 12]
                position += 12
            case (let first?, _) where UTF16.isSurrogate(first):
                kept += Array("\u{FFFD}".utf8)
                position += 6
            default:
                kept += bytes[position..<min(position + 2, bytes.count)]
                position += 2
            }
        }
        let quote = [UInt8(ascii: "\"")]
        return (try? JSON.parse(quote + kept + quote))?.string
    }

    /// The value of a `\uXXXX` at the position.
    private static func unit(_ bytes: [UInt8], at position: Int) -> UInt16? {
        guard position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt16(String(decoding: bytes[position + 2..<position + 6], as: UTF8.self), radix: 16)
    }
}
