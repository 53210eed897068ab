/// Escapes characters that JSON allows unescaped but a terminal would interpret. They start control sequences or change
/// the order of a line. A parser reads the same value.
enum JSONEscapes {
    /// The character at a position, if it must be escaped.
    ///
    /// These are DEL, the C1 controls (U+0080 to U+009F), the line and paragraph separators (U+2028, U+2029), and the
    /// characters of the bidirectional algorithm (UAX #9).
    ///
    /// - Returns: its code point, which has at most four digits, and its size in UTF-8.
    static func character(at position: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (code: UInt16, size: Int)? {
        func byte(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }
        switch (byte(0), byte(1), byte(2)) {
        case (0x7F, _, _): return (0x7F, 1)
        case (0xC2, 0x80...0x9F, _): return (UInt16(byte(1)), 2)
        case (0xD8, 0x9C, _): return (0x061C, 2)
        case (0xE2, 0x80, 0x8E...0x8F), (0xE2, 0x80, 0xA8...0xAE): return (0x2000 + UInt16(byte(2) & 0x3F), 3)
        case (0xE2, 0x81, 0xA6...0xA9): return (0x2040 + UInt16(byte(2) & 0x3F), 3)
        default: return nil
        }
    }

    /// Appends `\uXXXX` to `out`.
    static func append(_ code: UInt16, to out: inout [UInt8]) {
        out += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
        for shift in stride(from: 12, through: 0, by: -4) { out.append(hex[Int(code >> shift & 15)]) }
    }

    private static let hex = Array("0123456789abcdef".utf8)

    /// The text between the quotes of a JSON string, with such characters escaped.
    static func escaped(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        text.withUnsafeBufferPointer { bytes in
            var position = 0
            while position < bytes.count {
                if let (code, size) = character(at: position, in: bytes) {
                    append(code, to: &out)
                    position += size
                } else {
                    out.append(bytes[position])
                    position += 1
                }
            }
        }
        return out
    }
}
