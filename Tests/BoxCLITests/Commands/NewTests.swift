import BoxClient
import BoxModel
import Glibc
import Testing

@testable import BoxCLI

@Suite struct NewTests {
    let fixture = CLIFixture()

    @Test func everyLineInItsOrder() async {
        fixture.transport.on("POST /boxes", 202, Answers.created()).on(
            "GET /boxes/bx_8pqt6dup", Answers.info("provisioning")
        )
        .on("GET /boxes/bx_8pqt6dup", Answers.info("provisioned")).on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await fixture.run("new", "--json") == 0)
        #expect(
            fixture.out.text == """
                {"event":"created","id":"bx_8pqt6dup","ttlSeconds":3600}
                {"event":"state","id":"bx_8pqt6dup","state":"provisioning"}
                {"event":"state","id":"bx_8pqt6dup","state":"ready"}
                {"event":"ready","id":"bx_8pqt6dup","state":"ready","url":null,"ip":"10.98.0.2","desktopUrl":null,"archiveAfter":"2026-05-28T17:00:33.143Z","commands":{"ssh":"box ssh bx_8pqt6dup","forward":"box forward bx_8pqt6dup --remote 3000 --local 3000"}}

                """)
        #expect(fixture.err.text == "")
        #expect(fixture.out.writes.count == 4, "each line leaves in one write, before the next request")
        #expect(fixture.transport.body(0) == "{}")
    }

    @Test func optionsReachTheServer() async {
        fixture.transport.on("POST /boxes", 202, Answers.created(ttl: "null", name: "web"))
        let status = await fixture.run(
            "new", "--no-auto-stop", "--type", "large", "--name", "web", "--no-env", "-e", "A=1", "--environment", "x",
            "--no-wait", "--no-update", "--json")
        #expect(status == 0)
        #expect(
            fixture.transport.body(0)
                == #"{"ttlSeconds":null,"name":"web","type":"large","env":{"A":"1"},"noEnv":true}"#)
        #expect(fixture.out.text == #"{"event":"created","id":"bx_8pqt6dup","ttlSeconds":null}"# + "\n")
    }

    @Test func aServerThatIgnoresTheNameIsAskedAgain() async {
        fixture.transport.on("POST /boxes", 202, Answers.created()).on(
            "PATCH /boxes/bx_8pqt6dup", Answers.info("provisioning"))
        #expect(await fixture.run("new", "--name", "web", "--no-wait", "--json") == 0)
        #expect(fixture.transport.body(1) == #"{"name":"web"}"#)
    }

    @Test func aNameThatWasCutIsLeftAlone() async {
        let long = String(repeating: "n", count: 130)
        fixture.transport.on("POST /boxes", 202, Answers.created(name: String(long.prefix(120))))
        #expect(await fixture.run("new", "--name", long, "--no-wait", "--json") == 0)
    }

    @Test func aBoxThatFailsIsAnErrorLine() async {
        let failed = #"{"ok":true,"box":{"id":"bx_8pqt6dup","state":"error","errorMessage":"no space"}}"#
        fixture.transport.on("POST /boxes", 202, Answers.created()).on("GET /boxes/bx_8pqt6dup", failed)
        #expect(await fixture.run("new", "--json") == 1)
        #expect(
            fixture.out.lines.suffix(2) == [
                #"{"event":"state","id":"bx_8pqt6dup","state":"error"}"#,
                #"{"event":"error","error":"bx_8pqt6dup failed: no space"}"#,
            ])
    }

    @Test func peopleSeeWhatTheyNeed() async {
        fixture.useTerminal()
        fixture.transport.on("POST /boxes", 202, Answers.created()).on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await fixture.run("new") == 0)
        #expect(fixture.out.text.hasPrefix("bx_8pqt6dup is ready after 0."))
        #expect(fixture.out.text.contains("  ip       10.98.0.2\n"))
        #expect(fixture.err.text.hasSuffix("\nopen a shell in it with `box ssh bx_8pqt6dup`\n"))
    }

    @Test func currentIsTheLastBoxOfThisShell() async {
        #expect(await fixture.run("info", "current", "--json") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"no current box: none was created in this shell. name one of `box list`"}"#
                + "\n")
        fixture.transport.on("POST /boxes", 202, Answers.created())
        await fixture.run("new", "--no-wait")
        fixture.transport.on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await fixture.run("info", "current", "--json") == 0)
        fixture.change { $0.session = ShellSession(leader: 1, started: "0") }
        #expect(await fixture.run("info", "current", "--json") == 1)
    }

    @Test(arguments: [
        (["--ttl", "0"], "invalid --ttl \"0\". Use a whole number of seconds, 1 or more"),
        (["--ttl", "9", "--no-auto-stop"], "--ttl and --no-auto-stop can't be used together"),
        (["--type", "giant"], "invalid --type \"giant\". Use small, default or large"),
        (["-e", "BOX_ID=1"], "invalid --env: env name \"BOX_ID\" is reserved"),
        (["--name", ""], "--name is empty"),
    ])
    func wrongOptionsNeverReachTheServer(_ options: [String], _ message: String) async {
        let status = await CLI.run(["new", "--json"] + options, in: fixture.current)
        #expect(status == .usage)
        #expect(fixture.err.text == "error: \(message); run `box new --help`\n")
        #expect(fixture.out.text == "")
    }

    @Test func aReaderThatGoesAwayIsANormalEnd() async {
        fixture.transport.on("POST /boxes", 202, Answers.created())
        fixture.out.fail(with: EPIPE)
        #expect(await fixture.run("new", "--json") == 0)
        #expect(fixture.err.text == "")
    }

    @Test func aFailureThatNobodyReadsIsStillOne() async {
        fixture.transport.on("POST /boxes", 401, Answers.error(401, "unauthorized", "Bad key."))
        fixture.out.fail(with: EPIPE)
        #expect(await fixture.run("new", "--json") == 4)
        #expect(fixture.err.text == "")
    }

    @Test func aFullDiskIsAFailure() async {
        fixture.transport.on("POST /boxes", 202, Answers.created())
        fixture.out.fail(with: ENOSPC)
        #expect(await fixture.run("new", "--json") == 1)
        #expect(fixture.err.text == "error: could not write to standard output: No space left on device\n")
    }
}
