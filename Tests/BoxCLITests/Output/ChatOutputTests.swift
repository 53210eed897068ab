import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// The display of an agent's work for people.
@Suite struct ChatOutputTests {
    let fixture = CLIFixture()

    private static func event(
        _ type: String, _ data: JSON, id: String = "e", at moment: JSON = 1_779_984_033_143
    ) -> BoxEvent {
        let json: JSON = ["id": .string(id), "type": .string(type), "timestamp": moment, "data": data]
        return BoxEvent(json: json) ?? BoxEvent(json: [:])!
    }
    private static func partial(_ text: String) -> BoxEvent {
        event("response", ["content": .string(text), "is_streaming": true])
    }
    private static func whole(_ text: String) -> BoxEvent { event("response", ["content": .string(text)]) }
    private static func use(_ name: String, _ input: JSON, id: String = "1") -> JSON {
        ["id": .string(id), "type": "tool_use", "name": .string(name), "input": input]
    }
    private static func running(_ uses: JSON...) -> BoxEvent {
        event("response", ["content": "", "is_streaming": true, "tools": .array(uses.map { ["use": $0] })])
    }
    private static func ran(_ use: JSON, error: Bool = false, _ content: JSON = "a\nb\nc") -> BoxEvent {
        let result: JSON = ["type": "tool_result", "tool_use_id": "1", "is_error": .bool(error), "content": content]
        return event("response", ["content": "", "tools": [["use": use, "result": result]]])
    }
    private static func prompt(_ status: String, error: JSON? = nil) -> BoxEvent {
        var data = JSONObject([("prompt", "say hi\nnow"), ("status", .string(status))])
        data["error"] = error
        return event("prompt", .object(data), id: "p")
    }

    private func context(_ terminal: Terminal = Terminal()) -> Context {
        fixture.change { $0.terminal = terminal }
        return Context(dependencies: fixture.current, commands: CommandTable.root, globals: GlobalOptions())
    }
    private func shown(_ events: [BoxEvent], showsPrompts: Bool = true) throws -> String {
        let output = ChatOutput(context(), showsPrompts: showsPrompts)
        for event in events { try output.write([event]) }
        try output.end()
        defer { fixture.out.clear() }
        return fixture.out.text
    }

    // MARK: Text

    @Test(arguments: [
        ([partial("a"), partial("ab"), whole("abc")], "abc\n"),
        ([partial("abc"), whole("abc")], "abc\n"), ([partial("abc\n"), whole("abc\n")], "abc\n"),
        ([partial("abc"), whole("xyz")], "abc\nxyz\n"),
        ([whole("one"), whole("two")], "one\ntwo\n"),
        ([partial("one"), whole("one"), partial("t"), partial("two"), whole("two")], "one\ntwo\n"),
        ([partial("one"), partial("two"), whole("two")], "one\ntwo\n"), ([partial("abc")], "abc\n"),
        ([whole("a\r\n\tb\r\n")], "a\n\tb\n"), ([whole("\u{1B}[2J\u{9B}x\u{7}")], "�[2J�x�\n"),
        ([whole("")], ""), ([partial(""), whole(" \n")], ""),
        ([partial("one"), ran(use("Bash", ["command": "ls"])), whole("one")], "one\n✓ Bash ls\n"),
        ([partial("one"), ran(use("Bash", ["command": "ls"])), whole("one two")], "one\n✓ Bash ls\ntwo\n"),
    ])
    func textIsWrittenOnce(_ events: [BoxEvent], _ text: String) throws { #expect(try shown(events) == text) }

    @Test func piecesLeaveAsTheyCome() throws {
        let output = ChatOutput(context(), showsPrompts: false)
        for text in ["Hel", "Hello", "Hello, wor"] { try output.write([Self.partial(text)]) }
        try output.write([Self.whole("Hello, world.")])
        #expect(fixture.out.writes == ["Hel", "lo", ", wor", "ld.\n"])
    }

    @Test func aStreamThatBreaksLeavesNoLineUnfinished() async throws {
        let output = ChatOutput(context(), showsPrompts: false)
        await #expect(throws: CommandError("broken")) {
            try await output.whole {
                try output.write([Self.partial("Hel")])
                throw CommandError("broken")
            }
        }
        #expect(fixture.out.text == "Hel\n")
    }

    // MARK: Tools

    @Test(
        arguments: [
            ("Bash", ["command": "npm test"], "Bash npm test"),
            ("Bash", ["command": "cat <<E\nx\nE"], "Bash cat <<E …"),
            ("shell", ["command": "/bin/bash -lc 'cat README'"], "shell cat README"),
            ("shell", ["command": #"/bin/bash -lc "echo \"a\" 'b' \$HOME""#], #"shell echo "a" 'b' $HOME"#),
            ("shell", ["command": ["bash", "-lc", "git status"]], "shell git status"),
            ("shell", ["command": ["git", "status"]], "shell git status"),
            ("Edit", ["file_path": "/home/user/repo/a.ts", "old_string": "x"], "Edit repo/a.ts"),
            (
                "apply_patch",
                [
                    "changes": [
                        ["path": "/home/user/a", "kind": "update"], ["path": "b", "kind": "add"],
                        ["path": "/c", "kind": "delete"],
                    ]
                ],
                "apply_patch a, b (new), /c (deleted)"
            ),
            ("apply_patch", ["changes": ["a": [:], "b": [:]]], "apply_patch a, b"),
            (
                "apply_patch", ["input": "*** Begin Patch\n*** Update File: a.txt\n@@\n*** Add File: b.txt\n+x\n"],
                "apply_patch a.txt, b.txt (new)"
            ),
            (
                "TodoWrite",
                ["todos": [["content": "one", "status": "completed"], ["content": "two", "status": "in_progress"]]],
                "TodoWrite 1 of 2 done, two"
            ),
            ("update_plan", ["items": [["text": "one", "completed": true]]], "update_plan 1 of 1 done"),
            ("WebSearch", ["query": "swift 6.3"], "WebSearch swift 6.3"), ("mcp.x", ["a": 1], #"mcp.x {"a":1}"#),
            ("Task", [:], "Task"), ("Ba\u{1B}[2Jsh", ["command": "l\u{7}s\tx"], "Ba�[2Jsh l�s x"),
        ] as [(String, JSON, String)])
    func aToolIsOneLine(_ name: String, _ input: JSON, _ line: String) throws {
        #expect(try shown([Self.ran(Self.use(name, input))]) == "✓ \(line)\n")
    }

    @Test(
        arguments: [
            ("", "✗ Bash npm test"), ("\n\nfailed\nmore", "✗ Bash npm test: failed …"),
            ("exit 1", "✗ Bash npm test: exit 1"),
            ("<tool_use_error>no such file</tool_use_error>", "✗ Bash npm test: no such file"),
            ([["type": "text", "text": "blocked"]], "✗ Bash npm test: blocked"),
            ("\u{1B}[31mred", "✗ Bash npm test: �[31mred"),
        ] as [(JSON, String)])
    func aToolThatFailedSaysHow(_ content: JSON, _ line: String) throws {
        let event = Self.ran(Self.use("Bash", ["command": "npm test"]), error: true, content)
        #expect(try shown([event]) == line + "\n")
    }

    @Test func linesFitTheTerminal() throws {
        let long = JSON.string(String(repeating: "漢字 ", count: 100))
        let output = ChatOutput(
            context(Terminal(stdoutIsTerminal: true, width: 40)), showsPrompts: true)
        try output.write([
            Self.ran(Self.use("Bash", ["command": long])),
            Self.ran(Self.use("Bash", ["command": long]), error: true, long),
            Self.event(
                "git_checkpoint", ["commitSha": "0123456789", "commitMessage": long, "branch": "main", "additions": 1]),
            Self.event("prompt", ["prompt": long, "status": "failed", "error": long], id: "p"),
            Self.event("other", ["message": long]),
        ])
        let lines = fixture.out.text.replacing(/\u{1B}\[\d+m/, with: "").split(separator: "\n").map(String.init)
        #expect(lines.count == 6)
        for line in lines { #expect(Text.width(line) <= 40 && Text.width(line) > 36, "\(line)") }
    }

    @Test func toolsAndTextsInTheirOrder() throws {
        let bash = Self.use("Bash", ["command": "ls"])
        let both: JSON = ["content": "then", "tools": [["use": bash, "result": ["is_error": false]]]]
        #expect(
            try shown([
                Self.partial("first"), Self.whole("first"), Self.running(bash), Self.ran(bash),
                Self.event("response", both), Self.partial("last"), Self.whole("last"),
            ]) == "first\n✓ Bash ls\nthen\n✓ Bash ls\nlast\n")
    }

    @Test func whatIsUnderWayAtTheEndOfAHistory() throws {
        let events = [Self.partial("look"), Self.running(Self.use("Bash", ["command": "npm test"]))]
        #expect(try shown(events) == "look\n… Bash npm test\n")
    }

    // MARK: Other events

    @Test(
        arguments: [
            (
                [
                    "commitSha": "0123456789abcdef", "commitMessage": "Fix\n\nmore", "branch": "main",
                    "filesChanged": 2,
                    "additions": 3, "deletions": 1, "pushed": true,
                ],
                "commit 01234567 Fix …, 2 files +3 -1 (main, pushed)"
            ),
            (
                [
                    "commit_sha": "0123456789", "commit_message": "Fix", "files_changed": 1, "pushed": false,
                    "commitUrl": nil,
                ],
                "commit 01234567 Fix, 1 file (not pushed)"
            ),
            (["commitSha": "ab\u{1B}[2J"], "commit ab�[2J"), ([:], "commit"),
        ] as [(JSON, String)])
    func aCommitIsOneLine(_ data: JSON, _ line: String) throws {
        #expect(try shown([Self.event("git_checkpoint", data)]) == line + "\n")
    }

    @Test(
        arguments: [
            (
                ["message": "Too many requests.", "retry_after": 3420],
                "usage limit: Too many requests. try again in 57m"
            ),
            (["message": "Too many", "retry_after": "60"], "usage limit: Too many. try again in 1m"),
            (["retry_after": 1_779_984_093], "usage limit. try again in 59s"),
            (["retry_after": 9_223_372_036_854_775_807], "usage limit"),
            (["resets_at": "2026-05-28T17:00:33.143Z"], "usage limit. try again in 1h"),
            (["resets_at": 1_000_000_001], "usage limit"),
            (["retry_after": "soon", "message": "x\u{1B}"], "usage limit: x�"),
            ([:], "usage limit"),
        ] as [(JSON, String)])
    func aUsageLimitSaysWhenToTryAgain(_ data: JSON, _ line: String) throws {
        #expect(try shown([Self.event("usage_limit", data)]) == line + "\n")
    }

    @Test(arguments: [9_223_372_036_854_775_807, -9_223_372_036_854_775_808, 253_402_300_799_999] as [JSON])
    func momentsOutOfRangeAreNoneAtAll(_ moment: JSON) throws {
        for wait: JSON in [60, 100_000_000_000, "9223372036854775807"] {
            let line = try shown([Self.event("usage_limit", ["retry_after": wait], at: moment)])
            #expect(line.hasPrefix("usage limit") && line.hasSuffix("\n"))
        }
    }

    @Test func coloursAreThoseOfMeaning() throws {
        fixture.set("CLICOLOR_FORCE", "1")
        #expect(try shown([Self.event("git_checkpoint", ["commitSha": "a"])]) == "\u{1B}[32mcommit a\u{1B}[0m\n")
        #expect(try shown([Self.event("usage_limit", [:])]) == "\u{1B}[33musage limit\u{1B}[0m\n")
        #expect(try shown([Self.ran(Self.use("Bash", [:]))]) == "\u{1B}[32m✓\u{1B}[0m Bash\n")
    }

    // MARK: Prompts

    @Test func aPromptIsShownOnceAndThenItsEnd() throws {
        let events = [Self.prompt("queued"), Self.prompt("running"), Self.whole("hi"), Self.prompt("finished")]
        #expect(try shown(events) == "> say hi …\nhi\nfinished\n")
        #expect(try shown([Self.prompt("finished"), Self.whole("hi")]) == "> say hi …\nhi\n")
        #expect(
            try shown([Self.prompt("running"), Self.prompt("failed", error: "no\nmore")])
                == "> say hi …\nfailed: no …\n")
        #expect(try shown([Self.prompt("failed", error: "token=s3cret")]) == "> say hi …\nfailed: token=…\n")
        #expect(try shown([Self.prompt("cancelled")]) == "> say hi …\ncancelled\n")
        #expect(try shown(events, showsPrompts: false) == "hi\n")
    }

    // MARK: Status line

    /// A context with both streams on one terminal.
    private func terminal(width: Int = 30) -> Context {
        fixture.change { $0.stderr = fixture.out }
        fixture.set("NO_COLOR", "1")
        return context(Terminal(stdoutIsTerminal: true, stderrIsTerminal: true, width: width))
    }

    @Test func theStatusLineIsBelowUnfinishedText() throws {
        let context = terminal()
        let output = ChatOutput(context, showsPrompts: false)
        try output.write([Self.prompt("running"), Self.partial("Hello")])
        output.showStatus(worker: "codex")
        #expect(fixture.out.text.hasPrefix("Hello\u{1B}D\u{1B}[A\u{1B}7\r\n\u{1B}[K⠋ codex works\u{1B}8"))
        fixture.out.clear()
        try output.write([Self.whole("Hello!")])
        #expect(fixture.out.text.hasSuffix("\u{1B}[J!\n"))
        fixture.out.clear()
        output.showStatus(worker: "codex")
        #expect(fixture.out.text.hasPrefix("\r\u{1B}[K⠋ codex works"))
        context.emitter.statusLine.clear()
        #expect(fixture.out.text.hasSuffix("\r\u{1B}[K"))
    }

    @Test func theStatusLineSaysWhichToolIsAtWork() throws {
        let context = terminal()
        let output = ChatOutput(context, showsPrompts: false)
        func status() -> String {
            fixture.out.clear()
            output.showStatus(worker: "codex")
            return fixture.out.text
        }
        #expect(status() == "")
        try output.write([Self.prompt("queued")])
        #expect(status().contains("⠋ waiting for codex"))
        let test = Self.use("Bash", ["command": "npm test\u{1B} --long --long --long"])
        try output.write([Self.prompt("running"), Self.running(test)])
        #expect(status().contains(" Bash: npm test� --long -…"))
        try output.write([Self.running(test, Self.use("Read", ["file_path": "a"], id: "2"))])
        #expect(status().contains(" (+1) Bash: npm test"))
        try output.write([Self.ran(test)])
        #expect(status().contains(" Read: a"))
        try output.write([Self.partial("so")])
        #expect(status().contains(" codex works"))
        try output.write([Self.prompt("finished")])
        #expect(!status().contains("works"))
        context.emitter.statusLine.clear()
    }

    @Test func noStatusIsDrawnAtTheEdge() throws {
        let context = terminal(width: 10)
        let output = ChatOutput(context, showsPrompts: false)
        try output.write([Self.prompt("running"), Self.partial("1234567890")])
        output.showStatus(worker: "codex")
        #expect(fixture.out.text == "1234567890")
        context.emitter.statusLine.clear()
    }

    @Test func anErrorEndsAnUnfinishedLine() throws {
        let context = terminal()
        try ChatOutput(context, showsPrompts: false).write([Self.partial("Hello")])
        context.emitter.notice("something else")
        context.emitter.notice("and more")
        #expect(fixture.out.text == "Hello\nsomething else\nand more\n")
    }

    @Test func withoutATerminalThereIsNoStatus() throws {
        let output = ChatOutput(context(), showsPrompts: false)
        try output.write([Self.prompt("running"), Self.partial("Hello")])
        output.showStatus(worker: "codex")
        #expect(fixture.out.text == "Hello" && fixture.err.text == "")
    }
}
