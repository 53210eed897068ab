import BoxArguments
import Testing

@Suite struct CommandParserTests {
    @Test func globalOptionsWorkBeforeAndAfterTheCommand() throws {
        let before = try Sample.parse("--json", "--api-url", "http://h", "rename", "bx_1", "web")
        let after = try Sample.parse("rename", "bx_1", "web", "--api-url=http://h", "--json")
        let between = try Sample.parse("rename", "--json", "bx_1", "--api-url", "http://h", "web")
        #expect(before == after)
        #expect(before == between)
        #expect(before.path == ["tool", "rename"])
        #expect(before.has("json"))
        #expect(before.value("api-url") == "http://h")
        #expect(before.argument("ID") == "bx_1")
        #expect(before.argument("NAME") == "web")
    }

    @Test func aliasesAreResolved() throws {
        #expect(try Sample.parse("ls").path == ["tool", "list"])
        #expect(try Sample.parse("create", "--ttl", "5").path == ["tool", "new"])
    }

    @Test func valuesComeSeparateOrAttached() throws {
        for line in [["--ttl", "60"], ["--ttl=60"]] {
            let parsed = try CommandParser(root: Sample.root).parse(["new"] + line)
            guard case .run(let command) = parsed else { throw Sample.NotACommand() }
            #expect(command.integer("ttl") == 60)
        }
        #expect(try Sample.parse("new", "-tsmall").value("type") == "small")
        #expect(try Sample.parse("new", "-t=small").value("type") == "small")
        #expect(try Sample.parse("new", "-t", "small").value("type") == "small")
        #expect(try Sample.parse("new", "--env=A=b=c").values("env") == ["A=b=c"])
        #expect(try Sample.parse("new", "-e", "A=1", "--env", "B=").values("env") == ["A=1", "B="])
    }

    @Test func shortFlagsCombine() throws {
        let parsed = try Sample.parse("copy", "-rpv", "a", "b", "c")
        #expect(parsed.has("recursive") && parsed.has("preserve") && parsed.has("verbose"))
        #expect(parsed.arguments("SRC") == ["a", "b"])
        #expect(parsed.argument("DST") == "c")
    }

    @Test func aRepeatedFlagIsHarmless() throws {
        #expect(try Sample.parse("--json", "list", "--json").has("json"))
        #expect(try Sample.parse("new", "--ttl", "5", "--ttl", "5").integer("ttl") == 5)
    }

    @Test func twoDashesEndOurOptions() throws {
        let parsed = try Sample.parse("rename", "bx_1", "--", "--json")
        #expect(parsed.argument("NAME") == "--json")
        #expect(!parsed.has("json"))
        #expect(try Sample.parse("rename", "-", "-").arguments("NAME") == ["-"])
    }

    @Test func trailingWordsAreNotOurs() throws {
        let plain = try Sample.parse("run", "-t", "bx_1", "ls", "-la", "--json", "--", "x")
        #expect(plain.argument("ID") == "bx_1")
        #expect(plain.trailing == ["ls", "-la", "--json", "--", "x"])
        #expect(plain.has("tty") && !plain.has("json"))
        #expect(try Sample.parse("run", "bx_1", "--json", "--", "-x", "--", "y").trailing == ["-x", "--", "y"])
        #expect(try Sample.parse("run", "--", "bx_1", "-x").trailing == ["-x"])
        #expect(try Sample.parse("run", "bx_1", "--").trailing == [])
        #expect(try Sample.parse("run", "bx_1", "", "a").trailing == ["", "a"])
    }

    @Test func negativeNumbersAreWordsNotOptions() {
        #expect(Sample.error("new", "--ttl", "-5")?.hasPrefix("invalid --ttl \"-5\"") == true)
        #expect(Sample.error("list", "-5")?.hasPrefix("unexpected argument \"-5\"") == true)
    }

    @Test func helpIsAskedForInThreeWays() throws {
        let parser = CommandParser(root: Sample.root)
        func path(_ line: String...) throws -> [String] {
            guard case .help(let path) = try parser.parse(line) else { return [] }
            return path.map(\.name)
        }
        #expect(try path() == ["tool"])
        #expect(try path("--help") == ["tool"])
        #expect(try path("new", "-h", "--nonsense") == ["tool", "new"])
        #expect(try path("local", "--help") == ["tool", "local"])
        #expect(try path("help", "local", "up") == ["tool", "local", "up"])
        #expect(try path("help", "ls") == ["tool", "list"])
        #expect(try path("--json", "help", "list") == ["tool", "list"])
        #expect(try path("local", "help", "up") == ["tool", "local", "up"])
        #expect(try path("local", "help") == ["tool", "local"])
        #expect(try path("help", "help") == ["tool"])
        #expect(Sample.error("help", "nwe") == "unknown command \"nwe\"; did you mean \"new\"? run `tool --help`")
    }

    @Test func versionIsACommandAndAnOption() throws {
        #expect(try Sample.parse("--version").path == ["tool", "version"])
        #expect(try Sample.parse("rename", "--version", "--json").path == ["tool", "version"])
        #expect(try Sample.parse("version").path == ["tool", "version"])
    }
}

/// Surplus words, which may be secrets.
@Suite struct SurplusTests {
    private let root = CommandSpec(
        "tool", summary: "x",
        subcommands: [
            CommandSpec("set", summary: "x", positionals: [PositionalSpec("NAME", "x")], surplus: "never a secret here")
        ])

    @Test func areNotRepeated() {
        #expect(throws: UsageError("never a secret here", command: ["tool", "set"])) {
            try CommandParser(root: root).parse(["set", "a", "s3cret"])
        }
    }
}
