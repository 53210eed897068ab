/// Why a text isn't JSON, and the position of the error.
public struct JSONParseError: Error, Equatable, CustomStringConvertible {
    public let message: String
    /// In bytes from the start of the text.
    public let offset: Int
    public var description: String { "\(message) at byte \(offset)" }
}

extension JSON {
    /// Parses one JSON text (RFC 8259), which may have only white space around it.
    ///
    /// - Throws: ``JSONParseError`` for anything else, also for nesting deeper than 512 levels and bytes that aren't UTF-8.
    public static func parse(_ bytes: some Sequence<UInt8>) throws(JSONParseError) -> JSON {
        var parser = JSONParser(bytes: Array(bytes))
        return try parser.parseDocument()
    }

    /// Parses one JSON text. See ``parse(_:)-(Sequence)``.
    public static func parse(_ text: String) throws(JSONParseError) -> JSON {
        try parse(text.utf8)
    }
}

/// A recursive-descent parser over the bytes of one JSON text.
struct JSONParser {
    static let maximumDepth = 512

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func parseDocument() throws(JSONParseError) -> JSON {
        let value = try parseValue()
        skipWhitespace()
        guard position == bytes.count else { throw failure("unexpected text after the JSON value") }
        return value
    }

    private func failure(_ message: String) -> JSONParseError {
        JSONParseError(message: position >= bytes.count ? "unexpected end of JSON" : message, offset: position)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func parseValue() throws(JSONParseError) -> JSON {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONParseError) in try parser.parseObject() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONParseError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return try parseString()
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): return try parseNumber()
        default: throw failure("expected a JSON value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONParseError) -> JSON
    ) throws(JSONParseError) -> JSON {
        guard depth < Self.maximumDepth else { throw failure("nesting deeper than \(Self.maximumDepth) levels") }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try body(&self)
    }

    private mutating func parseObject() throws(JSONParseError) -> JSON {
        var members: [(key: String, value: JSON)] = []
        var escapedNames: Set<Int> = []
        skipWhitespace()
        if consume(UInt8(ascii: "}")) { return .object(JSONObject()) }
        repeat {
            skipWhitespace()
            guard current == UInt8(ascii: "\"") else { throw failure("expected a member name in double quotes") }
            let name: String
            switch try parseString() {
            case .string(let text): name = text
            case .escapedString(let text):
                name = text
                escapedNames.insert(members.count)
            default: throw failure("expected a member name")
            }
            skipWhitespace()
            guard consume(UInt8(ascii: ":")) else { throw failure("expected ':' after a member name") }
            members.append((name, try parseValue()))
            skipWhitespace()
        } while consume(UInt8(ascii: ","))
        guard consume(UInt8(ascii: "}")) else { throw failure("expected ',' or '}' in an object") }
        return .object(JSONObject(written: members, escapedNames: escapedNames))
    }

    private mutating func parseArray() throws(JSONParseError) -> JSON {
        var elements: [JSON] = []
        skipWhitespace()
        if consume(UInt8(ascii: "]")) { return .array([]) }
        repeat {
            elements.append(try parseValue())
            skipWhitespace()
        } while consume(UInt8(ascii: ","))
        guard consume(UInt8(ascii: "]")) else { throw failure("expected ',' or ']' in an array") }
        return .array(elements)
    }

    private mutating func parseLiteral(_ text: StaticString, _ value: JSON) throws(JSONParseError) -> JSON {
        let expected = text.withUTF8Buffer { Array($0) }
        guard bytes[position...].starts(with: expected) else { throw failure("expected a JSON value") }
        position += expected.count
        return value
    }

    private mutating func parseDigits() throws(JSONParseError) {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        if position == start { throw failure("expected a digit") }
    }

    private mutating func parseNumber() throws(JSONParseError) -> JSON {
        let start = position
        _ = consume(UInt8(ascii: "-"))
        if !consume(UInt8(ascii: "0")) { try parseDigits() }
        if consume(UInt8(ascii: ".")) { try parseDigits() }
        if consume(UInt8(ascii: "e")) || consume(UInt8(ascii: "E")) {
            if !consume(UInt8(ascii: "+")) { _ = consume(UInt8(ascii: "-")) }
            try parseDigits()
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }
}

extension JSONParser {
    private mutating func parseString() throws(JSONParseError) -> JSON {
        position += 1
        let start = position
        var unescaped: [UInt8] = []
        var runStart = start
        var unpairedSurrogate = false
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                unescaped += bytes[runStart..<position]
                defer { position += 1 }
                let kept = unpairedSurrogate ? JSONEscapes.escaped(Array(bytes[start..<position])) : unescaped
                guard let text = String(validating: kept, as: UTF8.self) else {
                    throw failure("a string that is not UTF-8")
                }
                return unpairedSurrogate ? .escapedString(text) : .string(text)
            case UInt8(ascii: "\\"):
                unescaped += bytes[runStart..<position]
                position += 1
                if let scalar = try parseEscape() {
                    unescaped += Array(String(Character(scalar)).utf8)
                } else {
                    unpairedSurrogate = true
                }
                runStart = position
            case 0x00..<0x20:
                throw failure("a control character in a string")
            default:
                position += 1
            }
        }
        throw failure("unexpected end of JSON")
    }

    /// The scalar of an escape, or nil for an unpaired surrogate.
    private mutating func parseEscape() throws(JSONParseError) -> Unicode.Scalar? {
        guard let byte = current else { throw failure("unexpected end of JSON") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape()
        default:
            position -= 1
            throw failure("an unknown escape in a string")
        }
    }

    private mutating func parseUnicodeEscape() throws(JSONParseError) -> Unicode.Scalar? {
        let unit = try parseHexUnit()
        guard UTF16.isSurrogate(unit) else { return Unicode.Scalar(UInt32(unit)) }
        let afterFirst = position
        guard UTF16.isLeadSurrogate(unit), consume(UInt8(ascii: "\\")), consume(UInt8(ascii: "u")) else {
            position = afterFirst
            return nil
        }
        let trail = try parseHexUnit()
        guard UTF16.isTrailSurrogate(trail) else {
            position = afterFirst
            return nil
        }
        return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    }

    private mutating func parseHexUnit() throws(JSONParseError) -> UInt16 {
        guard position + 4 <= bytes.count,
            bytes[position..<position + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw failure("expected four hexadecimal digits") }
        position += 4
        return unit
    }
}
