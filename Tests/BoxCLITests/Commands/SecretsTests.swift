import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

@Suite struct SecretsTests {
    let fixture = CLIFixture()

    private func setup(_ env: String, _ files: String = "", pushed: String = "") -> String {
        let text = JSON.string(env).compact
        return
            #"{"ok":true,"type":"secrets.info","environmentId":"e","envContents":\#(text),"secretFiles":[\#(files)]\#(pushed)}"#
    }

    private let npmrc = #"{"path":".npmrc","contents":"t0ken"}"#

    /// Scripts a read and the following write.
    private func onChange(_ env: String, _ files: String = "") {
        fixture.transport.on("GET /secrets", setup(env, files))
            .on("POST /secrets", setup("", pushed: #","pushed":{"updated":1,"failed":0}"#))
    }

    private func sent() throws -> JSON? { try fixture.transport.sent.last?.body.map { try JSON.parse($0) } }

    // MARK: get

    @Test func valuesAreHiddenFromPeople() async {
        for _ in 0..<3 { fixture.transport.on("GET /secrets", setup("# c\nA=s3cret\nLONG_NAME='x'\n", npmrc)) }
        #expect(await CLI.run(["secrets", "get"], in: fixture.current) == .success)
        #expect(fixture.out.text == "A          ********\nLONG_NAME  ********\n")
        #expect(fixture.err.text == "1 file too: `box secrets file list`\n")
        fixture.out.clear()
        #expect(await CLI.run(["secrets", "get", "A"], in: fixture.current) == .success)
        #expect(fixture.out.text == "********\n")
        #expect(await fixture.run("secrets", "get", "B") == 1)
        #expect(fixture.err.text == "error: there is no variable B. there are A, LONG_NAME\n")
        for _ in 0..<2 { fixture.transport.on("GET /secrets", setup("# c\nA=s3cret", npmrc)) }
        #expect(await CLI.run(["secrets", "get", "A", "--show"], in: fixture.current) == .success)
        #expect(await fixture.run("secrets", "get", "--show") == 0)
        #expect(fixture.out.text == "# c\nA=s3cret\n")
    }

    @Test func programsGetWhatTheServerSent() async {
        for _ in 0..<2 { fixture.transport.on("GET /secrets", setup("A='x y'\n", npmrc)) }
        #expect(await CLI.run(["secrets", "get", "A", "--json"], in: fixture.current) == .success)
        #expect(fixture.out.text == #"{"name":"A","value":"x y"}"# + "\n")
        #expect(await fixture.run("secrets", "get", "--json") == 0)
        #expect(
            fixture.out.text == #"{"environmentId":"e","envContents":"A='x y'\n","secretFiles":[\#(npmrc)]}"# + "\n")
    }

    // MARK: set and unset

    @Test(arguments: [("va lue\n", "A='va lue'\n"), ("x\r\n", "A=x\n"), ("a\n\n", "A='a\n'\n"), ("", "A=\n")])
    func setTakesStandardInput(_ typed: String, _ line: String) async throws {
        onChange("# c\r\nB=\"2\" # two\n", npmrc)
        fixture.type(typed)
        #expect(await fixture.run("secrets", "set", "A") == 0)
        #expect(fixture.out.text == "A is set, and 1 running box got it\n")
        #expect(try sent()?["envContents"]?.string == "# c\r\nB=\"2\" # two\n" + line)
        #expect(try sent()?["secretFiles"]?.compact == "[\(npmrc)]")
    }

    @Test func setTakesAFileAndWords() async throws {
        try Files.replace(fixture.home + "/key", with: Array("-----\nabc\n-----\n".utf8))
        onChange("A=1\nB=2\n")
        #expect(await fixture.run("secrets", "set", "A", "--from-file", fixture.home + "/key") == 0)
        #expect(try sent()?["envContents"]?.string == "A='-----\nabc\n-----'\nB=2\n")
        onChange("A=1\n")
        #expect(await fixture.run("secrets", "set", "A=x=y", "C=") == 0)
        #expect(try sent()?["envContents"]?.string == "A=x=y\nC=\n")
        #expect(fixture.out.text == "A, C are set, and 1 running box got it\n")
    }

    @Test func onATerminalItAsksAndHides() async throws {
        fixture.useTerminal()
        fixture.type("s3cret\n")
        onChange("")
        #expect(await fixture.run("secrets", "set", "A") == 0)
        #expect(try sent()?["envContents"]?.string == "A=s3cret\n")
        #expect(fixture.err.text == "value of A (it is not shown): \n")
        #expect(await fixture.run("secrets", "set", "A", "--json") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"A needs a value. give it on standard input, or with --from-file FILE"}"#
                + "\n")
    }

    @Test(arguments: [
        (["A", "s3cret"], "several variables need values: write each as NAME=VALUE, or set one at a time"),
        (["s3cret-x"], "a NAME is not valid: use a letter or _ and then letters, digits or _"),
        (["=s3cret"], "a NAME is not valid: use a letter or _ and then letters, digits or _"),
        (["A=s3cret", "--from-file", "x"], "--from-file and NAME=VALUE can't be used together"),
        (["BOX_ID=s3cret"], "BOX_ID is set by the service itself. Use another name"),
    ])
    func badArgumentsAreNotRepeated(_ arguments: [String], _ message: String) async {
        #expect(await CLI.run(["secrets", "set"] + arguments, in: fixture.current) == .usage)
        #expect(fixture.usageProblem == message)
        #expect(!fixture.err.text.contains("s3cret"))
    }

    @Test func valuesAreText() async {
        fixture.change { $0.input = TypedInput(bytes: [0xFF]) }
        #expect(await fixture.run("secrets", "set", "A") == 1)
        #expect(
            fixture.err.text == "error: standard input is not text in UTF-8. encode it first, for example with base64\n"
        )
        fixture.change { $0.input = TypedInput(bytes: [UInt8](repeating: 65, count: (1 << 20) + 1)) }
        #expect(await fixture.run("secrets", "set", "A") == 1)
        #expect(
            fixture.err.text
                == "error: standard input has more than 1 MiB. secrets are small; copy data with `box scp`\n"
        )
    }

    @Test func unsetRemovesAllOrNothing() async throws {
        onChange("A=1\n# c\nB='x\ny'\nC=3")
        #expect(await fixture.run("secrets", "unset", "A", "B") == 0)
        #expect(try sent()?["envContents"]?.string == "# c\nC=3")
        #expect(fixture.out.text == "A, B are removed, and 1 running box got it\n")
        fixture.transport.on("GET /secrets", setup("A=1\n"))
        #expect(await fixture.run("secrets", "unset", "A", "X") == 1)
        #expect(fixture.err.text == "error: there is no variable X. there are A\n")
    }

    @Test func aTextThatCannotBeChangedSafelyIsLeftAlone() async {
        fixture.transport.on("GET /secrets", setup("X='open\n"))
        fixture.type("it' # s3cret")
        #expect(await fixture.run("secrets", "set", "A") == 1)
        #expect(fixture.err.text.hasPrefix("error: A can't be changed without changing what other lines mean."))
        #expect(!fixture.err.text.contains("s3cret"))
    }

    @Test func boxesThatDidNotGetItAreTold() async {
        fixture.transport.on("GET /secrets", setup("")).on(
            "POST /secrets", setup("A=1\n", pushed: #","pushed":{"updated":2,"failed":1}"#))
        fixture.type("1")
        #expect(await fixture.run("secrets", "set", "A") == 0)
        #expect(fixture.out.text == "A is set, and 2 running boxes got it\n")
        #expect(fixture.err.text == "1 running box did not get it. stop and resume what needs it\n")
        fixture.transport.on("GET /secrets", setup("")).on(
            "POST /secrets", setup("A=1\n", pushed: #","pushed":{"updated":2,"failed":1}"#))
        #expect(await fixture.run("secrets", "set", "A", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"environmentId":"e","envContents":"A=1\n","secretFiles":[],"pushed":{"updated":2,"failed":1}}"#
                + "\n")
        #expect(fixture.err.text == "")
    }

    // MARK: import

    @Test func importSkipsAByteOrderMarkAndSaysUTF16() async throws {
        onChange("")
        fixture.change { $0.input = TypedInput("\u{FEFF}A=1\r\nB=2\r\n") }
        #expect(await fixture.run("secrets", "import", "-", "--replace") == 0)
        #expect(try sent()?["envContents"]?.string == "A=1\r\nB=2\r\n")
        for mark: [UInt8] in [[0xFF, 0xFE, 0x41, 0], [0xFE, 0xFF, 0, 0x41]] {
            fixture.change { $0.input = TypedInput(bytes: mark) }
            #expect(await fixture.run("secrets", "import", "-") == 1)
            #expect(
                fixture.err.text
                    == "error: standard input is text in UTF-16. save it as UTF-8, or convert it with `iconv -f UTF-16 -t UTF-8`\n"
            )
        }
    }

    @Test func importMergesOrReplaces() async throws {
        let file = fixture.home + "/env"
        try Files.replace(file, with: Array("# mine\nexport A='new one'\nC=3\n".utf8))
        onChange("A=1 # a\nB=2\n", npmrc)
        #expect(await fixture.run("secrets", "import", file) == 0)
        #expect(fixture.out.text == "2 variables are set, and 1 running box got it\n")
        #expect(try sent()?["envContents"]?.string == "A='new one' # a\nB=2\nC=3\n")
        onChange("A=1\nB=2\n", npmrc)
        #expect(await fixture.run("secrets", "import", "--replace", file) == 0)
        #expect(try sent()?["envContents"]?.string == "# mine\nexport A='new one'\nC=3\n")
        #expect(try sent()?["secretFiles"]?.compact == "[\(npmrc)]")
    }

    @Test(arguments: [
        ("A=1\ns3cret\n", "line 2 of standard input is not NAME=VALUE and no comment. correct it"),
        ("BOX_ID=1\n", "standard input sets BOX_ID, which the service sets itself. take it out"),
        (
            "a.b=1\n",
            "standard input has the name a.b, which is not valid: use a letter or _ and then letters, digits or _"
        ), ("# c\n", "standard input has no variables"),
    ])
    func importChecksTheFile(_ text: String, _ message: String) async {
        fixture.type(text)
        #expect(await fixture.run("secrets", "import", "-") == 1)
        #expect(fixture.err.text == "error: \(message)\n")
    }

    // MARK: file

    @Test func files() async throws {
        for _ in 0..<4 { fixture.transport.on("GET /secrets", setup("A=1", npmrc)) }
        #expect(await CLI.run(["secrets", "file", "list"], in: fixture.current) == .success)
        #expect(fixture.out.text == "PATH    SIZE\n.npmrc  5 B\n")
        fixture.out.clear()
        #expect(await CLI.run(["secrets", "file", "get", ".npmrc"], in: fixture.current) == .success)
        #expect(fixture.out.text == "t0ken")
        fixture.out.clear()
        #expect(await CLI.run(["secrets", "file", "get", ".npmrc", "--json"], in: fixture.current) == .success)
        #expect(fixture.out.text == npmrc + "\n")
        #expect(await fixture.run("secrets", "file", "get", "x") == 1)
        #expect(fixture.err.text == "error: there is no file x. there are .npmrc\n")
    }

    @Test func filesAreSetAndRemoved() async throws {
        onChange("A=1", npmrc)
        fixture.type("new\n")
        #expect(await fixture.run("secrets", "file", "set", ".npmrc") == 0)
        #expect(try sent()?.compact == #"{"envContents":"A=1","secretFiles":[{"path":".npmrc","contents":"new\n"}]}"#)
        #expect(fixture.out.text == ".npmrc is set, and 1 running box got it\n")
        onChange("A=1", npmrc)
        #expect(await fixture.run("secrets", "file", "set", "b") == 0)
        #expect(try sent()?["secretFiles"]?.compact == #"[\#(npmrc),{"path":"b","contents":"new\n"}]"#)
        onChange("A=1", npmrc)
        #expect(await fixture.run("secrets", "file", "remove", ".npmrc") == 0)
        #expect(try sent()?.compact == #"{"envContents":"A=1","secretFiles":[]}"#)
        fixture.transport.on("GET /secrets", setup("A=1"))
        #expect(await fixture.run("secrets", "file", "remove", ".npmrc") == 1)
        #expect(fixture.err.text == "error: there is no file .npmrc. there are none\n")
    }
}
