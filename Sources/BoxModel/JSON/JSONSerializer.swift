extension JSON {
    /// The value on one line without extra white space, in UTF-8. Only characters are escaped for which JSON or a
    /// terminal needs it: see ``JSONEscapes``.
    public var compact: String {
        var out: [UInt8] = []
        write(to: &out, indent: nil, level: 0)
        return String(decoding: out, as: UTF8.self)
    }

    /// The value over several lines, indented by two spaces, for people.
    public var pretty: String {
        var out: [UInt8] = []
        write(to: &out, indent: 2, level: 0)
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes of ``compact``.
    public var compactBytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, indent: nil, level: 0)
        return out
    }

    private func write(to out: inout [UInt8], indent: Int?, level: Int) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let digits): out += digits.utf8
        case .string(let text): Self.writeString(text, to: &out)
        case .escapedString(let escaped): Self.writeEscaped(escaped, to: &out)
        case .array(let elements):
            Self.writeList(elements, "[", "]", to: &out, indent: indent, level: level) { element, out in
                element.write(to: &out, indent: indent, level: level + 1)
            }
        case .object(let object):
            Self.writeList(object.members.indices, "{", "}", to: &out, indent: indent, level: level) { index, out in
                let (name, value) = object.members[index]
                if object.escapedNames.contains(index) {
                    Self.writeEscaped(name, to: &out)
                } else {
                    Self.writeString(name, to: &out)
                }
                out += (indent == nil ? ":" : ": ").utf8
                value.write(to: &out, indent: indent, level: level + 1)
            }
        }
    }

    private static func writeList<Elements: RandomAccessCollection>(
        _ elements: Elements, _ open: Unicode.Scalar, _ close: Unicode.Scalar, to out: inout [UInt8],
        indent: Int?, level: Int, _ writeElement: (Elements.Element, inout [UInt8]) -> Void
    ) {
        func newLine(_ level: Int) {
            guard let indent else { return }
            out.append(UInt8(ascii: "\n"))
            out += repeatElement(UInt8(ascii: " "), count: indent * level)
        }
        out.append(UInt8(ascii: open))
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            newLine(level + 1)
            writeElement(element, &out)
        }
        if !elements.isEmpty { newLine(level) }
        out.append(UInt8(ascii: close))
    }

    private static func writeEscaped(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        out += JSONEscapes.escaped(Array(text.utf8))
        out.append(UInt8(ascii: "\""))
    }

    private static func writeString(_ text: String, to out: inout [UInt8]) {
        var text = text
        out.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                switch byte {
                case UInt8(ascii: "\""): out += "\\\"".utf8
                case UInt8(ascii: "\\"): out += "\\\\".utf8
                case 0x0A: out += "\\n".utf8
                case 0x0D: out += "\\r".utf8
                case 0x09: out += "\\t".utf8
                case 0x00..<0x20: JSONEscapes.append(UInt16(byte), to: &out)
                case 0x20..<0x7F: out.append(byte)
                default:
                    if let (code, size) = JSONEscapes.character(at: position - 1, in: bytes) {
                        JSONEscapes.append(code, to: &out)
                        position += size - 1
                    } else {
                        out.append(byte)
                    }
                }
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
