import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// Completions for shells: no error, and no noticeable wait.
@Suite struct CompletionTests {
    let fixture = CLIFixture()

    private func complete(_ words: String...) async -> String {
        let status = await CLI.run(["__complete", "--"] + words, in: fixture.current)
        #expect(status == .success)
        #expect(fixture.err.text == "")
        defer { fixture.out.clear() }
        return fixture.out.text
    }

    private func serveBoxes() {
        let boxes = [Answers.box("ready", name: #"a\tb"#), Answers.box("archived", id: "bx_2", name: "web")]
        fixture.transport.on("GET /boxes", #"{"ok":true,"boxes":[\#(boxes.joined(separator: ","))]}"#)
    }

    @Test func idsComeFromTheServer() async {
        serveBoxes()
        #expect(
            await complete("info", "") == """
                bx_8pqt6dup\ta\u{FFFD}b, ready
                bx_2\tweb, stopped
                current\tthe last box made in this shell

                """)
        #expect(fixture.transport.sent.map(\.timeout) == [.milliseconds(180)])
        #expect(fixture.transport.unused.isEmpty)
    }

    @Test func idsAreFilteredAndFollowedByAColonInCopies() async {
        serveBoxes()
        #expect(await complete("scp", "bx_2") == "bx_2:\tweb, stopped\n:files\t\n")
        #expect(await complete("scp", "bx_2:/home") == "")
        serveBoxes()
        fixture.current.session.remember("bx_2", in: fixture)
        #expect(await complete("delete", "c") == "current\tbx_2, the last box made in this shell\n")
    }

    @Test func theServerOfTheLineIsAsked() async {
        serveBoxes()
        _ = await complete("--api-url", "http://127.0.0.1:7071", "info", "")
        #expect(fixture.transport.sent.map(\.url) == ["http://127.0.0.1:7071/api/box/v1/boxes"])
    }

    @Test func theLineSaysWhetherTheNetworkIsSafe() async {
        #expect(await complete("--api-url", "http://10.0.0.5", "info", "") == Self.none)
        serveBoxes()
        _ = await complete("--api-url", "http://10.0.0.5", "--insecure", "info", "")
        #expect(fixture.transport.sent.map(\.url) == ["http://10.0.0.5/api/box/v1/boxes"])
    }

    @Test func namesAreNotesOfOneLine() async {
        let names = ["$(touch F)", "`touch F`", #"a\nb\tc:files"#, #":command\t0"#, #"\u2028x"#]
        let boxes = names.enumerated().map { Answers.box("ready", id: "bx_\($0)", name: $1) }
        fixture.transport.on("GET /boxes", #"{"ok":true,"boxes":[\#(boxes.joined(separator: ","))]}"#)
        #expect(
            await complete("info", "bx_") == """
                bx_0\t$(touch F), ready
                bx_1\t`touch F`, ready
                bx_2\ta\u{FFFD}b\u{FFFD}c:files, ready
                bx_3\t:command\u{FFFD}0, ready
                bx_4\t\u{FFFD}x, ready

                """)
    }

    @Test(arguments: [[""], ["--"], ["list", "--state", ""], ["ssh", "bx_1", "l"], ["rename", "bx_1", ""]])
    func whatIsKnownHereNeedsNoServer(words: [String]) async throws {
        fixture.set("BOX_API_KEY", nil)
        try fixture.writeConfig("not JSON")
        #expect(await CLI.run(["__complete", "--"] + words, in: fixture.current) == .success)
        #expect(fixture.transport.sent.isEmpty)
    }

    static let none = "current\tthe last box made in this shell\n"

    @Test func whateverIsWrongThereAreJustNoIDs() async throws {
        for (status, body) in [(401, Answers.error(401, "unauthorized", "no")), (200, "<html>"), (200, "{}")] {
            fixture.transport.on("GET /boxes", status, body)
            #expect(await complete("info", "") == Self.none)
        }
        fixture.transport.fail("GET /boxes", kind: .unreachable)
        #expect(await complete("info", "") == Self.none)
        fixture.transport.on("GET /boxes", #"{"ok":true,"boxes":[{"id":"a\nb","state":"ready"}]}"#)
        #expect(await complete("info", "") == Self.none)
        #expect(fixture.transport.unused.isEmpty)
        fixture.set("BOX_API_KEY", nil)
        #expect(await complete("info", "") == Self.none)
        try fixture.writeConfig("not JSON")
        #expect(await complete("info", "") == Self.none)
        #expect(await complete("--api-url", "nonsense", "info", "") == Self.none)
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatNeverAnswersIsNotWaitedFor() async {
        fixture.change { $0.transport = DeafTransport() }
        #expect(await complete("info", "") == Self.none)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func scripts(shell: String) async throws {
        #expect(await fixture.run("completion", shell) == 0)
        let script = fixture.out.text
        #expect(script.contains("__complete -- "))
        #expect(await fixture.run("completion", shell, "--json") == 0)
        let json = try JSON.parse(Array(fixture.out.text.utf8))
        #expect(json["shell"]?.string == shell)
        #expect(json["script"]?.string == script)
    }

    @Test func otherShellsAreNamed() async {
        #expect(await fixture.run("completion", "tcsh") == 2)
        #expect(
            fixture.err.text == "error: invalid SHELL \"tcsh\". Use bash, zsh or fish; run `box completion --help`\n")
        #expect(await fixture.run("completion") == 2)
        #expect(
            fixture.err.text
                == "error: missing SHELL: box completion SHELL. Use bash, zsh or fish; run `box completion --help`\n")
    }
}

/// A transport that never answers, and that ignores cancellation.
private struct DeafTransport: HTTPTransport {
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        throw CancellationError()
    }
}

extension ShellSession {
    fileprivate func remember(_ id: String, in fixture: CLIFixture) {
        CurrentBox(directory: fixture.home + "/.local/state/ascii/box/current", base: fixture.home, session: self).save(
            id)
    }
}
