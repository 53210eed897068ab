import Testing

@testable import BoxModel

struct JSONParserTests {
    @Test func keysKeepTheirOrderAndNumbersTheirDigits() throws {
        let text = #"{"z":1.50,"a":12345678901234567890,"m":-0.0,"b":1E+2,"n":{"y":[],"x":{}}}"#
        #expect(try JSON.parse(text).compact == text)
    }

    @Test func everyEscapeIsRead() throws {
        #expect(
            try JSON.parse(#""\"\\\/\b\f\n\r\t\u0000\u0041\u00e9\u20AC\ud83d\ude00""#)
                == "\"\\/\u{8}\u{C}\n\r\t\0A\u{E9}€😀")
    }

    @Test func controlsQuotesAndBackslashesAreEscapedWhenWritten() {
        #expect(
            JSON.string("\"\\/\u{8}\u{C}\n\r\t\0\u{1F}\u{7F}é€😀").compact
                == #""\"\\/\u0008\u000c\n\r\t\u0000\u001f\u007fé€😀""#)
    }

    @Test func whatSteersATerminalOrReordersALineIsEscapedToo() throws {
        let steering: [ClosedRange<UInt32>] = [
            0x7F...0x9F, 0x61C...0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069,
        ]
        for code in steering.joined() {
            let scalar = try #require(Unicode.Scalar(code))
            let value: JSON = [String(scalar): .array([.string("a\(scalar)\u{E9}")])]
            let hex = String(code, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            #expect(value.compact == #"{"\#(escape)":["a\#(escape)é"]}"#)
            #expect(try JSON.parse(value.compactBytes) == value)
        }
        // Neighbouring characters, and others with the same bytes.
        let others = "\u{A0}\u{C2}\u{61B}\u{61D}\u{200D}\u{2010}\u{2027}\u{202F}\u{2065}\u{206A}\u{1F600}"
        #expect(JSON.string(others).compact == "\"\(others)\"")
    }

    @Test func besideAnUnpairedSurrogateTheyAreEscapedToo() throws {
        let value = try JSON.parse("{\"\\udc00\u{9B}\":\"\\ud800\u{7F}\u{9B}2J\u{202E}\"}")
        #expect(value.compact == #"{"\udc00\u009b":"\ud800\u007f\u009b2J\u202e"}"#)
        #expect(try JSON.parse(value.compactBytes) == value)
    }

    @Test func lineSeparatorsAndControlsStayOnOneLine() {
        let compact = JSON.array(["a\nb", "c\rd", "e\r\nf"]).compact
        #expect(!compact.utf8.contains(10) && !compact.utf8.contains(13))
    }

    @Test func aStringWithAnUnpairedSurrogateIsNoSwiftString() throws {
        #expect(try JSON.parse(#""a\ud800b""#) == .escapedString(#"a\ud800b"#))
        #expect(try JSON.parse(#""a\ud800b""#).string == nil)
    }

    @Test func noLookUpFindsANameWithAnUnpairedSurrogate() throws {
        let value = try JSON.parse(#"{"\ud800":1,"\\ud800":2,"a\udc00\n":3}"#)
        #expect(value[#"\ud800"#]?.int == 2, "the name of six characters, not the half one")
        #expect(value[#"a\udc00\n"#] == nil)
        var object = try #require(value.object)
        object[#"\ud800"#] = nil
        #expect(JSON.object(object).compact == #"{"\ud800":1,"a\udc00\n":3}"#)
    }

    @Test func namesAreComparedByTheirBytes() throws {
        // The composed and the decomposed form of a name. Swift's strings consider them equal, but JSON doesn't.
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
        let value = try JSON.parse(text)
        #expect(value.compactBytes == Array(text.utf8))
        #expect(value["\u{E9}"]?.int == 1)
        #expect(value["e\u{301}"]?.int == 2)
    }

    @Test func theLastDuplicateCounts() throws {
        let value = try JSON.parse(#"{"a":1,"b":2,"\u0061":{"c":3}}"#)
        #expect(value["a"]?.compact == #"{"c":3}"#)
        var object = try #require(value.object)
        object["a"] = 4
        #expect(JSON.object(object).compact == #"{"a":1,"b":2,"a":4}"#)
        object["a"] = nil
        #expect(JSON.object(object).compact == #"{"b":2}"#)
    }

    @Test func anObjectWithManyMembersIsReadInLinearTime() throws {
        let text = "{" + (0..<50_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + ",\"k7\":-7}"
        let clock = ContinuousClock()
        var value = JSON.null
        let time = try clock.measure { value = try JSON.parse(text) }
        #expect(value.object?.members.count == 50_001)
        #expect(value["k7"]?.int == -7)
        #expect(time < .seconds(5), "a megabyte of members must not keep a server busy")
    }

    @Test func aTextCutAnywhereIsRefused() {
        let text = Array(#" {"a":[1.5e+3,"é\ud83d\ude00\"",true,false,null],"b":{"c":"d"}}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONParseError.self, "cut at \(end)") { try JSON.parse(text[..<end]) }
        }
    }

    @Test func everyScalarComesBackRawAndEscaped() async throws {
        for plane in 0...16 as ClosedRange<UInt32> {
            await Task.yield()
            var raw = String.UnicodeScalarView()
            var escaped = "\""
            for scalar in ((plane << 16)...(plane << 16 | 0xFFFF)).lazy.compactMap(Unicode.Scalar.init) {
                raw.append(scalar)
                for unit in UTF16.encode(scalar)! {
                    escaped += "\\u" + String(0x10000 | UInt32(unit), radix: 16).dropFirst()
                }
            }
            let bytes = JSON.string(String(raw)).compactBytes
            let value = try JSON.parse(bytes)
            // Compared as bytes, because Swift considers strings equal that differ only in their normal form.
            #expect(value.compactBytes == bytes, "plane \(plane)")
            #expect(try #require(value.string).unicodeScalars.elementsEqual(raw), "plane \(plane)")
            #expect(try JSON.parse(escaped + "\"").compactBytes == bytes, "plane \(plane), escaped")
        }
    }

    @Test func errorsSayWhere() {
        #expect(throws: JSONParseError(message: "unexpected text after the JSON value", offset: 2)) {
            try JSON.parse("1 2")
        }
        #expect(throws: JSONParseError(message: "unexpected end of JSON", offset: 3)) { try JSON.parse("[1,") }
        #expect("\(JSONParseError(message: "expected a digit", offset: 7))" == "expected a digit at byte 7")
    }

    @Test func integersAreReadHoweverTheyAreWritten() throws {
        for (text, expected) in [
            ("3600", 3600), ("3600.0", 3600), ("36e2", 3600), ("-0", 0), ("9223372036854775807", Int.max), ("1.5", nil),
            ("1e400", nil), ("9223372036854775808", nil), ("1e-1", nil),
        ] as [(String, Int?)] {
            #expect(try JSON.parse(text).int == expected, "\(text)")
        }
        #expect(JSON.string("3600").int == nil)
    }
}

struct JSONValueTests {
    @Test func aProgramGivesEachNameOnce() {
        let object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
        #expect(JSON.object(object).compact == #"{"a":3,"b":2}"#)
    }

    @Test func membersAreSetChangedAndRemovedInPlace() {
        var object: JSONObject = JSONObject([("a", 1), ("b", 2), ("c", 3)])
        object["b"] = "two"
        object["d"] = 4
        object["a"] = nil
        object["missing"] = nil
        #expect(JSON.object(object).compact == #"{"b":"two","c":3,"d":4}"#)
    }

    @Test func anExplicitNullIsNotAnAbsentMember() {
        let value: JSON = ["a": nil]
        #expect(value["a"] == .null)
        #expect(value["b"] == nil)
        #expect(value["a"]?.isNull == true)
    }

    @Test func prettyTextIsIndentedAndReadsBackEqual() throws {
        let value = try JSON.parse(#"{"a":[1,{"b":null}],"c":[],"d":{}}"#)
        #expect(
            value.pretty == """
                {
                  "a": [
                    1,
                    {
                      "b": null
                    }
                  ],
                  "c": [],
                  "d": {}
                }
                """)
        #expect(try JSON.parse(value.pretty) == value)
    }
}
