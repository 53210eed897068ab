import BoxArguments
import Testing

/// The exact error texts, because people read them and programs display them.
@Suite struct UsageErrorTests {
    @Test(arguments: [
        (["lst"], "unknown command \"lst\"; did you mean \"list\"? run `tool --help`"),
        (["frobnicate"], "unknown command \"frobnicate\"; run `tool --help`"),
        (["local", "pu"], "unknown command \"pu\" for `tool local`; did you mean \"up\"? run `tool local --help`"),
        (["local"], "`tool local` needs a command. Use up or down; run `tool local --help`"),
        (["--json"], "`tool` needs a command. Use new, list, rename, copy, run, local or version; run `tool --help`"),
        (
            ["new", "--tll", "5"],
            "unknown option \"--tll\" for `tool new`; did you mean \"--ttl\"? run `tool new --help`"
        ),
        (["new", "--xyzzy=5"], "unknown option \"--xyzzy\" for `tool new`; run `tool new --help`"),
        (["new", "-x"], "unknown option \"-x\" for `tool new`; run `tool new --help`"),
        (["--ttl", "5", "new"], "unknown option \"--ttl\" for `tool`; run `tool --help`"),
        (["new", "--ttl"], "option --ttl needs a value: --ttl SECONDS; run `tool new --help`"),
        (["new", "--ttl", "--json"], "option --ttl needs a value: --ttl SECONDS; run `tool new --help`"),
        (
            ["new", "--ttl", "abc"],
            "invalid --ttl \"abc\". Use a whole number of seconds, 1 or more; run `tool new --help`"
        ),
        (
            ["new", "--ttl", "0"],
            "invalid --ttl \"0\". Use a whole number of seconds, 1 or more; run `tool new --help`"
        ),
        (
            ["new", "--ttl", "1.5"],
            "invalid --ttl \"1.5\". Use a whole number of seconds, 1 or more; run `tool new --help`"
        ),
        (
            ["new", "--port", "70000"],
            "invalid --port \"70000\". Use a whole number from 1 to 65535; run `tool new --help`"
        ),
        (["new", "--type", "huge"], "invalid --type \"huge\". Use small, default or large; run `tool new --help`"),
        (
            ["new", "--type", "larg"],
            "invalid --type \"larg\"; did you mean \"large\"? Use small, default or large; run `tool new --help`"
        ),
        (
            ["list", "--state", "ready,stoped"],
            "invalid --state \"ready,stoped\"; did you mean \"stopped\"? Use one or more of ready,stopped, separated by commas; run `tool list --help`"
        ),
        (["hepl"], "unknown command \"hepl\"; did you mean \"help\"? run `tool --help`"),
        (["help", "lst"], "unknown command \"lst\"; did you mean \"list\"? run `tool --help`"),
        (
            ["help", "local", "dwn"],
            "unknown command \"dwn\" for `tool local`; did you mean \"down\"? run `tool local --help`"
        ),
        (["new", "--env", "=x"], "invalid --env \"=x\". Use NAME=VALUE; run `tool new --help`"),
        (
            ["list", "--state", "ready,gone"],
            "invalid --state \"ready,gone\". Use one or more of ready,stopped, separated by commas; run `tool list --help`"
        ),
        (["list", "--json=yes"], "option --json takes no value, but got \"yes\"; run `tool list --help`"),
        (
            ["new", "--ttl", "5", "--no-auto-stop"],
            "--ttl and --no-auto-stop can't be used together; run `tool new --help`"
        ),
        (
            ["new", "--ttl", "5", "--ttl", "6"],
            "option --ttl was given twice, as \"5\" and \"6\"; run `tool new --help`"
        ),
        (["rename"], "missing ID: tool rename ID [NAME]; run `tool rename --help`"),
        (["rename", ""], "ID is empty; run `tool rename --help`"),
        (
            ["rename", "a", "b", "c"],
            "unexpected argument \"c\": the form is `tool rename ID [NAME]`; run `tool rename --help`"
        ),
        (["list", "x"], "unexpected argument \"x\": `tool list` takes no arguments; run `tool list --help`"),
        (["copy", "a"], "missing DST: tool copy SRC... DST; run `tool copy --help`"),
        (["run"], "missing ID: tool run ID; run `tool run --help`"),
    ])
    func text(_ line: [String], _ expected: String) {
        do {
            let outcome = try CommandParser(root: Sample.root).parse(line)
            Issue.record("\(line) was taken as \(outcome)")
        } catch {
            #expect(error.description == expected)
        }
    }

    @Test func hiddenThingsAreNotSuggested() {
        #expect(Sample.error("local", "secre") == "unknown command \"secre\" for `tool local`; run `tool local --help`")
        #expect(Sample.error("list", "--quiet-pleas")?.contains("did you mean") == false)
    }
}
