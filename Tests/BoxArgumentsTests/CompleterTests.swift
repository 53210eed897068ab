import Testing

@testable import BoxArguments

/// The completions of unfinished lines of the sample program.
@Suite struct CompleterTests {
    private func plan(_ words: [String]) -> CompletionPlan { Completer(root: Sample.root).complete(words) }
    private func words(_ line: String...) -> [String] { plan(line).candidates.map(\.word) }

    static let globals = ["--json", "--api-url", "--verbose", "--help", "--version"]

    @Test func commandsHaveTheirSummaries() {
        #expect(
            plan([""]).text() == """
                new\tMake a thing
                list\tList things
                rename\tRename a thing
                copy\tCopy files
                run\tRun a command
                local\tThe server here
                version\tTell the version
                help\tExplain a command

                """)
        #expect(words("l") == ["list", "local"])
        #expect(words("cre") == ["create"])
        #expect(words("--json", "--api-url", "x", "n") == ["new"])
        #expect(words("frobnicate", "") == [])
        #expect(plan([]) == plan([""]))
    }

    @Test func groupsAndHelpHaveTheirCommands() {
        #expect(words("local", "") == ["up", "down", "help"])
        #expect(words("help", "lo") == ["local"])
        #expect(words("help", "local", "") == ["up", "down"])
        #expect(words("help", "rename", "") == [])
    }

    @Test func optionsAreThoseThatAreUnderstoodThere() {
        #expect(words("--") == Self.globals)
        #expect(words("new", "--n") == ["--no-auto-stop"])
        #expect(words("new", "--") == ["--ttl", "--no-auto-stop", "--type", "--env", "--port"] + Self.globals)
        #expect(words("new", "-").suffix(4) == ["-t", "-e", "-v", "-h"])
        #expect(words("new", "") == words("new", "--"))
        #expect(words("new", "--", "--") == [])
    }

    @Test func whatCannotBeGivenAgainIsNotOffered() {
        #expect(words("new", "--ttl", "5", "--t") == ["--type"])
        #expect(words("new", "--no-auto-stop", "--t") == ["--type"])
        #expect(words("new", "--env", "a=b", "--e") == ["--env"])
        #expect(words("--json", "list", "--j") == [])
    }

    @Test(arguments: [
        (["new", "--type", ""], ["small", "default", "large"]), (["new", "--type", "l"], ["large"]),
        (["new", "--type=l"], ["--type=large"]), (["new", "-t", "s"], ["small"]), (["new", "-td"], ["-tdefault"]),
        (["list", "--state", ""], ["ready", "stopped"]), (["list", "--state", "ready,"], ["ready,stopped"]),
        (["list", "--state=ready,st"], ["--state=ready,stopped"]), (["new", "--ttl", ""], []),
        (["new", "--json="], []), (["new", "--nothing="], []), (["new", "-vt", "l"], ["large"]),
    ])
    func values(_ line: [String], _ expected: [String]) {
        #expect(plan(line).candidates.map(\.word) == expected)
        #expect(plan(line).shell == nil)
    }

    @Test func boxesAreLeftToTheServer() {
        let boxes = plan(["--api-url=http://a", "rename", "bx_"]).boxes
        #expect(
            boxes
                == CompletionPlan.Boxes(
                    lead: "", prefix: "bx_", suffix: "", taken: [], options: ["api-url": "http://a"]))
        #expect(plan(["rename", "--", "-"]).boxes?.prefix == "-")
        #expect(plan(["rename", "bx_1", ""]) == CompletionPlan())
        #expect(words("rename", "bx_1", "name", "") == Self.globals)
    }

    @Test func operandsOfCopiesAreBoxesAndFiles() {
        let plan = plan(["copy", "-r", "a"])
        #expect(plan.boxes?.suffix == ":")
        #expect(plan.shell == .files(lead: ""))
        #expect(self.plan(["copy", "a", "b"]).boxes?.prefix == "b")
        #expect(self.plan(["copy", "a/b"]) == CompletionPlan(shell: .files(lead: "")))
        #expect(self.plan(["copy", "bx_1:/home/"]) == CompletionPlan())
        #expect(self.plan(["copy", "./a:b"]) == CompletionPlan(shell: .files(lead: "")))
    }

    @Test func filesAreTheShellsWork() {
        #expect(plan(["new", "--key", ""]).text() == ":files\t\n")
        #expect(plan(["new", "--key=a"]).text() == ":files\t--key=\n")
    }

    @Test func trailingWordsAreSomebodyElses() {
        #expect(plan(["run", "bx_1", ""]).text() == ":command\t2\n")
        #expect(plan(["run", "-t", "bx_1", "--", "ls", "--js"]).shell == .command(at: 4))
        #expect(plan(["run", "bx_1", "ls", "-"]) == CompletionPlan(shell: .command(at: 2)))
        #expect(words("run", "bx_1", "--t") == ["--tty"])
    }

    @Test func hiddenThingsAreNotOffered() {
        #expect(!words("--quiet").contains("--quiet-please"))
        #expect(!words("local", "s").contains("secret"))
    }

    @Test(arguments: CompletionScript.allCases) func scriptsNameTheProgram(_ shell: CompletionScript) {
        let text = shell.text(program: "tool")
        #expect(!text.contains("PROGRAM"))
        #expect(text.contains("__complete -- "))
        #expect(text.hasSuffix("\n"))
    }
}
