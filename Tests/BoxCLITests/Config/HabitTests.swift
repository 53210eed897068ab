import BoxArguments
import BoxModel
import Testing

@testable import BoxCLI

/// Behaviour that users expect of every command line tool.
@Suite struct HabitTests {
    let fixture = CLIFixture()

    @Test func selfUpdateSaysWhatToRun() async {
        #expect(await fixture.run("self-update") == 0)
        #expect(
            fixture.out.text
                == "box 0.1.0 was built from source. update it in its clone with `git pull`, then `make release install`\n"
        )
        #expect(await fixture.run("self-update", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"version":"0.1.0","updated":false,"message":"built from source. update it in its clone with `git pull`, then `make release install`"}"#
                + "\n")
        #expect(fixture.transport.sent.isEmpty)
    }

    @Test func helpIsThereAtEveryLevel() async {
        for path in HelpTests.paths {
            let names = path.dropFirst().map(\.name)
            await CLI.run(["help"] + names, in: fixture.current)
            let asked = fixture.out.text
            fixture.out.clear()
            await CLI.run(names + ["--help"], in: fixture.current)
            #expect(asked == HelpText(path: path, width: 80).text)
            #expect(fixture.out.text == asked)
            fixture.out.clear()
        }
        #expect(await fixture.run("help", "lisst") == 2)
        #expect(fixture.err.text == "error: unknown command \"lisst\"; did you mean \"list\"? run `box --help`\n")
        #expect(await fixture.run("local", "help", "upp") == 2)
        #expect(
            fixture.err.text
                == "error: unknown command \"upp\" for `box local`; did you mean \"up\"? run `box local --help`\n")
    }

    @Test func valuesHaveSuggestions() async {
        #expect(await fixture.run("new", "--type", "larg") == 2)
        #expect(
            fixture.err.text
                == "error: invalid --type \"larg\"; did you mean \"large\"? Use small, default or large; run `box new --help`\n"
        )
        #expect(await fixture.run("list", "--color", "alway") == 2)
        #expect(fixture.err.text.contains("did you mean \"always\"?"))
        #expect(await fixture.run("list", "--state", "ready,stoped") == 2)
        #expect(fixture.err.text.contains("did you mean \"stopped\"?"))
    }

    @Test(
        arguments: [
            (["NO_COLOR": "1"], [], false), ([:], [], true), ([:], ["--color=never"], false),
            (["NO_COLOR": "1"], ["--color", "always"], true), (["NO_COLOR": "1", "CLICOLOR_FORCE": "1"], [], false),
        ] as [([String: String], [String], Bool)])
    func colours(_ variables: [String: String], _ options: [String], _ isColored: Bool) async {
        fixture.change {
            $0.terminal = Terminal(stdinIsTerminal: true, stdoutIsTerminal: true, stderrIsTerminal: true)
            $0.environment.merge(variables) { $1 }
        }
        fixture.transport.on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        await CLI.run(["info", "bx_8pqt6dup"] + options, in: fixture.current)
        #expect(fixture.out.text.contains("\u{1B}[") == isColored)
    }

    @Test func coloursCanBeForcedIntoAPipe() async {
        fixture.set("CLICOLOR_FORCE", "1")
        fixture.transport.on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        await fixture.run("info", "bx_8pqt6dup")
        #expect(fixture.out.text.contains("\u{1B}["))
        fixture.transport.on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        await fixture.run("info", "bx_8pqt6dup", "--json")
        #expect(!fixture.out.text.contains("\u{1B}["))
    }

    @Test func questionsAreForTerminalsOnly() async {
        fixture.type("n\n")
        fixture.change { $0.terminal = Terminal(stdoutIsTerminal: true, stderrIsTerminal: true) }
        fixture.transport.on("DELETE /boxes/bx_1", #"{"ok":true,"id":"bx_1","status":"deleted"}"#)
        #expect(await fixture.run("delete", "bx_1") == 0)
        #expect(!fixture.err.text.contains("[y/N]"))
    }

    @Test func theManualHasEveryShownCommandAndNoHiddenOne() {
        let man = Reference.text(.man, of: CommandTable.root.spec),
            markdown = Reference.text(.markdown, of: CommandTable.root.spec)
        for path in HelpTests.paths.dropFirst() {
            let title = path.map(\.name).joined(separator: " ")
            let isShown = !path.contains(where: \.isHidden)
            #expect(man.contains(".SS \"\(title.replacing("-", with: "\\-"))\"\n") == isShown, "\(title)")
            #expect(markdown.contains("\n## \(title)\n") == isShown, "\(title)")
        }
        #expect(!man.contains("no\\-update") && !markdown.contains("no-update"))
        for name in ["BOX_API_KEY", "BOX_API_URL", "XDG_CONFIG_HOME", "NO_COLOR", "CLICOLOR_FORCE"] {
            #expect(man.contains("\\fB\(name)\\fR") && markdown.contains("`\(name)`"), "\(name)")
        }
    }

    @Test func theReferenceIsPrinted() async {
        #expect(await fixture.run("__reference", "--format", "man") == 0)
        #expect(fixture.out.text == Reference.text(.man, of: CommandTable.root.spec))
        #expect(await fixture.run("__reference", "--format", "markdown") == 0)
        #expect(fixture.out.text == Reference.text(.markdown, of: CommandTable.root.spec))
    }
}
