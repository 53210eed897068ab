import Testing

@testable import BoxModel

struct JSONParserTests {
    @Test func keysKeepTheirOrderAndNumbersTheirDigits() throws {
        let text = #"{"z":1.50,"a":12345678901234567890,"m":-0.0,"b":1E+2,"n":{"y":[],"x":{}}}"#
        #expect(try JSON.parse(text).compact == text)
    }

    @Test(arguments: [
        "0", "-0", "-1", "1.0", "1e5", "1E-5", "0.1e+10", "100000000000000000000000000000000000000000",
        "0.10000000000000000000000000000000000000000001",
    ])
    func everyNumberComesBackAsItWasSent(_ number: String) throws {
        #expect(try JSON.parse(number) == .number(number))
        #expect(try JSON.parse(number).compact == number)
    }

    @Test(arguments: [
        "", " ", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "1_000", "Infinity", "NaN", "-Infinity", "1 2",
        "nul", "nulL", "True", "tru", "'a'", "[1,]", "[,1]", "[1 2]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}", "{1:2}", "[1}", "{\"a\":1]", "]", "}", ":", ",", "\"", "\"\\\"", "\"\\x41\"", "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\\u12\"", "\"\u{1}\"", "\"a\nb\"", "\"\t\"", "\u{FEFF}1", "// c\n1", "1 // c", "\u{A0}1",
    ])
    func whatIsNotJSONIsRefused(_ text: String) {
        #expect(throws: JSONParseError.self) { try JSON.parse(text) }
    }

    @Test func whiteSpaceIsAllowedBetweenEverything() throws {
        let value = try JSON.parse(" \t\r\n{ \"a\" : [ 1 , true , null ] , \"b\" : { } } \n")
        #expect(value.compact == #"{"a":[1,true,null],"b":{}}"#)
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

    @Test func lineSeparatorsAndControlsStayOnOneLine() {
        let compact = JSON.array(["a\nb", "c\rd", "e\r\nf"]).compact
        #expect(!compact.utf8.contains(10) && !compact.utf8.contains(13))
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""a\ud800b""#, #""\ud800\ud800""#, #""\udc00\ud800""#, #""\ud800\n""#,
        #""\ud800A""#,
        #""\uD800\uDBFF\uDFFF""#, #""\ud800 \ud83d\ude00 \"""#,
    ])
    func unpairedSurrogatesAreKept(_ text: String) throws {
        let value = try JSON.parse(text)
        #expect(value.string == nil, "no Swift string can hold it")
        #expect(value.compact == text)
        #expect(try JSON.parse(value.compact) == value)
    }

    @Test func aNameWithAnUnpairedSurrogateIsKept() throws {
        let text = #"{"\ud800":1,"\\ud801":2,"a\udc00\n":3,"\ud800":4}"#
        let value = try JSON.parse(text)
        #expect(value.compact == #"{"\ud800":4,"\\ud801":2,"a\udc00\n":3}"#)
        #expect(try JSON.parse(value.compact) == value)
    }

    @Test func namesAreComparedByTheirBytes() throws {
        // One name, composed and decomposed: Swift's strings call them equal, JSON doesn't.
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
        let value = try JSON.parse(text)
        #expect(value.compactBytes == Array(text.utf8))
        #expect(value["\u{E9}"]?.int == 1)
        #expect(value["e\u{301}"]?.int == 2)
    }

    @Test func theLastDuplicateWinsWhereTheFirstStood() throws {
        #expect(try JSON.parse(#"{"a":1,"b":2,"a":{"c":3}}"#).compact == #"{"a":{"c":3},"b":2}"#)
        #expect(try JSON.parse(#"{"a":1,"\u0061":2}"#).compact == #"{"a":2}"#)
    }

    @Test func anObjectWithManyMembersIsReadInLinearTime() throws {
        let text = "{" + (0..<50_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + ",\"k7\":-7}"
        let clock = ContinuousClock()
        var value = JSON.null
        let time = try clock.measure { value = try JSON.parse(text) }
        #expect(value.object?.members.count == 50_000)
        #expect(value.object?.members[7].value.int == -7)
        #expect(time < .seconds(5), "a megabyte of members must not keep a server busy")
    }

    @Test func nestingIsLimited() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try JSON.parse(nested(512)).compact == nested(512))
        #expect(throws: JSONParseError.self) { try JSON.parse(nested(513)) }
        #expect(throws: JSONParseError.self) { try JSON.parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONParseError.self) { try JSON.parse(String(repeating: "{\"a\":", count: 1_000_000)) }
        // Breadth is not depth.
        #expect(
            try JSON.parse("[" + Array(repeating: "[]", count: 2000).joined(separator: ",") + "]").array?.count == 2000)
    }

    @Test func aTextCutAnywhereIsRefused() {
        let text = Array(#" {"a":[1.5e+3,"é\ud83d\ude00\"",true,false,null],"b":{"c":"d"}}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONParseError.self, "cut at \(end)") { try JSON.parse(text[..<end]) }
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func bytesThatAreNotUTF8AreRefused(_ bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONParseError.self) { try JSON.parse([quote] + bytes + [quote]) }
        #expect(throws: JSONParseError.self) { try JSON.parse(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) }
        #expect(throws: JSONParseError.self, "beside an unpaired surrogate") {
            try JSON.parse(Array(#""\ud800"#.utf8) + bytes + [quote])
        }
        #expect(throws: JSONParseError.self, "outside of a string") { try JSON.parse(Array("[1]".utf8) + bytes) }
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
