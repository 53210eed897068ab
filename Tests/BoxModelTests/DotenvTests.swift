import BoxModel
import Testing

@Suite struct DotenvTests {
    @Test(arguments: [
        ("A=1", "1"), ("A=", ""), ("A =  x y \t# note", "x y"), ("export A=1", "1"), ("  export\tA = 1\r\n", "1"),
        ("A=a#b", "a#b"), ("A= # only a comment", ""), ("A='x # y' # z", "x # y"), ("A='it'#c", "it"),
        (#"A="a\nb\t\"c\" \$d \\ \x""#, "a\nb\t\"c\" $d \\ \\x"), ("A='a\nb'\nB=1", "a\nb"), ("A=`a\"b'`", "a\"b'"),
        (#"A='it\'s'"#, "it's"), (#"A='C:\'"#, #"C:\"#), ("A='open\nB='x'", "'open"), ("A=\"x\"y", "\"x\"y"),
        ("A=1\nA=2", "2"), ("A==b=", "=b="), ("A='open", "'open"), (#"A="\"#, #""\"#), ("A=ü", "ü"),
    ])
    func reads(_ text: String, _ value: String) { #expect(Dotenv(text).value(of: "A") == value) }

    @Test func aByteOrderMarkIsNoPartOfTheFirstName() {
        let text = Dotenv("\u{FEFF}A=1\nB=2\n")
        #expect(text.variables.map(\.name) == ["A", "B"])
        #expect(text.unreadableLines == [])
        #expect(text.text == "A=1\nB=2\n")
        #expect(Dotenv("\u{FEFF}").variables.isEmpty)
    }

    @Test func whatIsNotAVariable() {
        let text = Dotenv("# A=1\n\nA\n=x\nnot a line\n  \t\nB=1\nexport\nexport=2\n")
        #expect(text.value(of: "A") == nil)
        #expect(text.variables.map(\.name) == ["B", "export"])
        #expect(text.unreadableLines == [3, 4, 5, 8])
    }

    @Test func changesTouchOneValueOnly() throws {
        var text = Dotenv("# keys\nexport  A = 'old' # mine\r\n\nB=\"b\" #x\nA2=1")
        try text.set("A", to: "new value")
        #expect(text.text == "# keys\nexport  A = 'new value' # mine\r\n\nB=\"b\" #x\nA2=1")
        try text.set("C", to: "it's")
        #expect(text.text == "# keys\nexport  A = 'new value' # mine\r\n\nB=\"b\" #x\nA2=1\nC=\"it's\"\n")
        #expect(try text.remove("A"))
        #expect(try !text.remove("A"))
        #expect(text.text == "# keys\n\nB=\"b\" #x\nA2=1\nC=\"it's\"\n")
    }

    @Test(arguments: [
        ("plain-1.2:/@", "A=plain-1.2:/@\n"), ("", "A=\n"), ("two words", "A='two words'\n"), ("a\nb", "A='a\nb'\n"),
        ("it's", "A=\"it's\"\n"), ("it's\n$5 \"`\\", #"A="it's\n\$5 \"\`\\""# + "\n"), (#"C:\"#, #"A="C:\\""# + "\n"),
        ("x\nA=", #"A="x\nA=""# + "\n"),
    ])
    func writes(_ value: String, _ line: String) throws {
        var text = Dotenv("")
        try text.set("A", to: value)
        #expect(text.text == line)
        #expect(text.value(of: "A") == value)
    }

    @Test func theLastOfTwoLinesCountsAndBothGo() throws {
        var text = Dotenv("A=1\nB=2\nA=3")
        try text.set("A", to: "4")
        #expect(text.text == "A=1\nB=2\nA=4")
        #expect(text.variables.map(\.name) == ["B", "A"])
        try text.remove("A")
        #expect(text.text == "B=2\n")
    }

    @Test func aForgottenQuoteIsNeverClosedByAChange() throws {
        var text = Dotenv("X='open\n")
        try text.set("Y", to: "# a\nb")
        #expect(text.value(of: "X") == "'open")
        #expect(text.value(of: "Y") == "# a\nb")
        text = Dotenv("X='open\n")
        let before = text
        #expect(throws: DotenvError.ambiguous(name: "Z")) { try text.set("Z", to: "it' # x") }
        #expect(text == before)
    }

    @Test func lineEndsOfWindowsAreKept() throws {
        var text = Dotenv("A=1\r\n")
        try text.set("B", to: "2")
        try text.set("A", to: "3")
        #expect(text.text == "A=3\r\nB=2\r\n")
    }

    /// Applies random changes to random texts. The variable must have its value, and all other lines must be unchanged.
    @Test func everyChangeKeepsTheRest() throws {
        var random = Numbers(state: 42)
        let pieces = [
            "A", "B=", "'", "\"", "`", "#", " ", "\n", "\n", "=", "\\", "$", "x", "ü", "export ", "C='a\nb'\n", "# c\n",
            "B=1\n", "A='q' # z\n", "\r\n", "D=\"a\\\"b\"\n", "\t",
        ]
        func text(_ count: Int) -> String {
            (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
        }
        var done = 0
        for _ in 0..<3000 {
            let before = Dotenv(text(Int(random.next() % 24)))
            let name = ["A", "B", "NEW"][Int(random.next() % 3)]
            let value = text(Int(random.next() % 6))
            var after = before
            do {
                try after.set(name, to: value)
            } catch {
                #expect(after == before)
                continue
            }
            done += 1
            #expect(after.value(of: name)?.utf8.elementsEqual(value.utf8) == true, "\(before.text) \(value)")
            func others(_ text: Dotenv) -> [String] {
                text.variables.filter { $0.name != name }.map { "\($0.name)=\($0.value)" }
            }
            #expect(others(after) == others(before), "\(before.text.debugDescription) \(value.debugDescription)")
            #expect(after.unreadableLines.count == before.unreadableLines.count)
            if (try? after.remove(name)) == true {
                #expect(after.value(of: name) == nil)
                #expect(others(after) == others(before))
            }
        }
        #expect(done > 2500)
    }

    @Test func anyTextSurvivesBeingRead() {
        var random = Numbers(state: 7)
        for _ in 0..<500 {
            let bytes = (0..<random.next() % 40).map { _ in UInt8(truncatingIfNeeded: random.next()) & 0x7F }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(Dotenv(text).text.utf8.elementsEqual(text.utf8))
        }
    }

    /// SplitMix64, so that a failure can be reproduced.
    private struct Numbers {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}

@Suite struct JSONTextTests {
    @Test(arguments: [
        (#""a""#, "a"), (#""\ud83d\ude00 \ud800!""#, "😀 \u{FFFD}!"), (#""\udc00\\u12\n""#, "\u{FFFD}\\u12\n"),
        (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud800""#, "\u{FFFD}"),
    ])
    func unpairedSurrogatesAreReplaced(_ json: String, _ text: String) throws {
        #expect(try JSON.parse(Array(json.utf8)).text == text)
    }

    @Test func otherValuesHaveNoText() { #expect(JSON.null.text == nil && JSON.number("1").text == nil) }
}
