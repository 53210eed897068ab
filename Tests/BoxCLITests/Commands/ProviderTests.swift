import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// `box provider`: its output, its sources of keys, and that no output contains a key.
@Suite struct ProviderTests {
    let fixture = CLIFixture()
    private static let key = "sk-test-0123456789abcd"

    private static func provider(
        _ name: String, key: String? = "abcd", isDefault: Bool = true, more: String = #""baseUrl":null,"model":null"#
    ) -> String {
        let last = key.map { "\"\($0)\"" } ?? "null"
        return
            #"{"provider":"\#(name)","configured":\#(key != nil),"isDefault":\#(isDefault),"keyLastFour":\#(last),\#(more),"new":1e400}"#
    }
    private static func list(_ providers: String...) -> String {
        #"{"ok":true,"type":"providers.list","providers":[\#(providers.joined(separator: ","))]}"#
    }
    private static let nothing = list(
        provider("codex", key: nil, isDefault: false), provider("claude-code", key: nil, isDefault: false))
    private static let updated = #"{"ok":true,"type":"provider.updated","provider":\#(provider("codex"))}"#

    // MARK: list

    @Test func theListIsATable() async {
        let more = #""baseUrl":"https://x.test/v1\u001b[2J","model":"gpt-5.5","reasoningEffort":"high""#
        fixture.transport.on(
            "GET /providers",
            Self.list(Self.provider("codex", more: more), Self.provider("claude-code", key: nil, isDefault: false)))
        #expect(await fixture.run("provider", "list") == 0)
        #expect(
            fixture.out.text == """
                PROVIDER     DEFAULT  KEY         BASE URL               MODEL    EFFORT
                codex        yes      …abcd       https://x.test/v1�[2J  gpt-5.5  high
                claude-code  -        not set up  -                      -        -

                """)
        #expect(fixture.err.text == "")
    }

    @Test func aListWithoutAKeySaysHowToBegin() async {
        for _ in 0..<2 { fixture.transport.on("GET /providers", Self.nothing) }
        #expect(await CLI.run(["providers", "ls"], in: fixture.current) == .success)
        #expect(fixture.err.text == "none is set up. begin with `box provider set codex`\n")
        #expect(await fixture.run("provider", "list", "--json") == 0)
        #expect(fixture.out.lines.count == 1 && fixture.out.text.hasPrefix(#"{"providers":[{"provider":"codex","#))
        #expect(fixture.out.text.contains(#""new":1e400"#) && fixture.err.text == "")
    }

    @Test func aServerWithoutProviders() async {
        fixture.transport.on("GET /providers", 404, #"{"error":"not_found"}"#)
        #expect(await fixture.run("provider", "list", "--json") == 1)
        #expect(
            fixture.out.lines == [
                #"{"event":"error","error":"not found (404). this server has no providers to set up. look in its dashboard","code":"not_found","status":404}"#
            ])
    }

    // MARK: set

    @Test(arguments: [
        ([], Self.key + "\n", #"{"apiKey":"\#(Self.key)"}"#),
        (["--model", "gpt-5.5"], "  \(Self.key)\r\n", #"{"apiKey":"\#(Self.key)","model":"gpt-5.5"}"#),
        (["--key-file", "-", "--default"], Self.key, #"{"apiKey":"\#(Self.key)","isDefault":true}"#),
        (["--default"], "\n", #"{"isDefault":true}"#),
        (["--reasoning-effort", "xhigh"], "", #"{"reasoningEffort":"xhigh"}"#),
        (
            ["--base-url", "", "--model", "", "--reasoning-effort", ""], "",
            #"{"baseUrl":null,"model":null,"reasoningEffort":null}"#
        ),
        (["--base-url", "http://10.0.0.5:8080/v1"], "", #"{"baseUrl":"http://10.0.0.5:8080/v1"}"#),
    ])
    func keysComeFromStandardInput(_ options: [String], _ typed: String, _ body: String) async {
        fixture.transport.on("PUT /providers/codex", Self.updated)
        fixture.type(typed)
        #expect(await fixture.run(["provider", "set", "codex"] + options) == 0)
        #expect(fixture.transport.body(0) == body)
        #expect(fixture.out.text == "codex is set up with the key …abcd, and is the default\n")
        #expect(!fixture.err.text.contains(Self.key))
    }

    @Test func keysComeFromFilesAndTheEnvironment() async throws {
        try Files.replace(fixture.home + "/key", with: Array((Self.key + "\n").utf8))
        fixture.set("OPENAI_API_KEY", Self.key)
        for options in [["--key-file", fixture.home + "/key"], ["--key-env", "OPENAI_API_KEY"]] {
            fixture.transport.on("PUT /providers/claude-code", Self.updated)
            #expect(await fixture.run(["-v", "provider", "set", "claude", "--json"] + options) == 0)
            #expect(fixture.transport.sent.last?.body == Array(#"{"apiKey":"\#(Self.key)"}"#.utf8))
            #expect(fixture.out.text == #"{"provider":\#(Self.provider("codex"))}"# + "\n")
            #expect(fixture.err.text.contains("PUT http://127.0.0.1:7070/api/box/v1/providers/claude-code 200"))
            #expect(!fixture.err.text.contains(Self.key))
        }
    }

    @Test func onATerminalItAsksUnlessTheKeyIsThere() async {
        fixture.useTerminal()
        fixture.type(Self.key + "\n")
        fixture.transport.on("PUT /providers/codex", Self.updated)
        #expect(await fixture.run("provider", "set", "codex") == 0)
        #expect(fixture.err.text == "API key of codex (it is not shown): \n")
        fixture.transport.on("GET /providers", Self.list(Self.provider("codex"))).on(
            "PUT /providers/codex", Self.updated)
        #expect(await fixture.run("provider", "set", "codex", "--default") == 0)
        #expect(fixture.transport.body(2) == #"{"isDefault":true}"# && fixture.err.text == "")
        fixture.transport.on("GET /providers", Self.nothing).on("PUT /providers/codex", Self.updated)
        #expect(await fixture.run("provider", "set", "codex", "--default") == 0)
        #expect(fixture.transport.body(4) == #"{"apiKey":"\#(Self.key)","isDefault":true}"#)
        #expect(await fixture.run("provider", "set", "codex", "--json") == 1)
        #expect(fixture.out.text.contains("the API key is missing. give it on standard input, or with --key-file FILE"))
    }

    @Test(arguments: [
        (["nope"], #"invalid provider "nope". Use codex or claude."#),
        (
            ["codex", "--model", "opus"],
            #"invalid model "opus" for codex. Use gpt-5.5, gpt-5.4, gpt-5.4-mini or gpt-5.3-codex."#
        ),
        (
            ["claude", "--model", "sonnet", "--reasoning-effort", "max"],
            #"invalid reasoning effort "max" for sonnet. Use low, medium or high."#
        ),
        (["codex"], "the API key is missing. give it on standard input, or with --key-file FILE or --key-env NAME"),
        (["codex", "--key-file", "-"], "the API key is empty"),
        (["codex", "--key-file", "/nowhere/key"], "there is no file /nowhere/key. check the path"),
        (
            ["codex", "--key-env", "NO_SUCH_KEY"],
            "the variable NO_SUCH_KEY that --key-env names is not set. export it first"
        ),
        (["codex", "--key-env", "sk_live_1"], "the variable that --key-env names is not set. export it first"),
    ])
    func whatIsWrongIsToldBeforeAnythingIsSent(_ arguments: [String], _ message: String) async {
        #expect(await fixture.run(["provider", "set"] + arguments) == 1)
        #expect(fixture.err.text == "error: \(message)\n")
        #expect(fixture.transport.sent.isEmpty)
    }

    @Test(arguments: ["sk one two\n", "sk-\u{1B}[2J", "sk-ü"]) func keysAreOneWord(_ typed: String) async {
        fixture.type(typed)
        #expect(await fixture.run("provider", "set", "codex") == 1)
        #expect(
            fixture.err.text
                == "error: the API key that was given has characters that no key has. copy it again, as one word\n")
    }

    @Test(arguments: [["codex", Self.key], ["codex", "--key-env", Self.key], ["codex", "--api-key=\(Self.key)"]])
    func aKeyAmongTheArgumentsIsRefusedAndNotRepeated(_ arguments: [String]) async {
        #expect(await fixture.run(["provider", "set"] + arguments) == 2)
        #expect(!fixture.err.text.contains(Self.key) && fixture.err.text.contains("error: "))
        #expect(fixture.out.text == "")
    }

    @Test func twoSourcesOfAKeyAreTooMany() async {
        #expect(await fixture.run("provider", "set", "codex", "--key-file", "a", "--key-env", "B") == 2)
        #expect(fixture.usageProblem == "--key-file and --key-env can't be used together")
    }

    @Test func aServersRefusalIsToldWithoutTheKey() async {
        fixture.transport.on("PUT /providers/codex", 400, Answers.error(400, "invalid_api_key", "bad key \(Self.key)"))
        fixture.type(Self.key)
        #expect(await fixture.run("provider", "set", "codex", "--json") == 1)
        #expect(
            fixture.out.lines == [
                #"{"event":"error","error":"bad key …","code":"invalid_api_key","status":400}"#
            ])
    }

    // MARK: remove

    @Test func removeAsksOnATerminal() async {
        let deleted = #"{"ok":true,"type":"provider.deleted","provider":"claude-code","status":"deleted"}"#
        fixture.transport.on("DELETE /providers/claude-code", deleted)
        #expect(await fixture.run("provider", "rm", "claude", "--json") == 0)
        #expect(fixture.out.text == #"{"provider":"claude-code","status":"deleted"}"# + "\n")
        fixture.useTerminal()
        fixture.type("n\n")
        #expect(await fixture.run("provider", "remove", "claude") == 1)
        #expect(fixture.err.text == "forget the API key and settings of claude-code? [y/N] nothing was removed\n")
        fixture.transport.on("DELETE /providers/claude-code", deleted)
        #expect(await fixture.run("provider", "remove", "claude", "-y") == 0)
        #expect(fixture.out.text == "claude-code is removed\n")
    }

    @Test func removeOfWhatIsNotSetUp() async {
        fixture.transport.on("DELETE /providers/codex", 404, #"{"error":"not_found","message":"no"}"#)
        #expect(await fixture.run("provider", "remove", "codex") == 1)
        #expect(
            fixture.err.text == "error: not found (404). codex is not set up. see what is with `box provider list`\n")
        #expect(await fixture.run("provider", "remove", "x") == 1)
        #expect(fixture.err.text == "error: invalid provider \"x\". Use codex or claude.\n")
    }

    // MARK: completion

    @Test func namesModelsAndEffortsAreCompleted() async {
        for (words, expected) in [
            (["provider", "set", "c"], "codex\nclaude-code\n"), (["provider", "remove", "cl"], "claude-code\n"),
            (["provider", "set", "codex", "--model", "gpt-5.4"], "gpt-5.4\ngpt-5.4-mini\n"),
            (["prompt", "--provider", "co"], "codex\n"), (["prompt", "--model=op"], "--model=opus\n"),
            (["prompt", "--reasoning-effort", "x"], "xhigh\n"),
        ] {
            #expect(await fixture.run(["__complete", "--"] + words) == 0)
            #expect(fixture.out.text == expected)
        }
    }
}
