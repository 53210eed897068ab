import BoxModel
import Synchronization
import Testing

@testable import BoxCLI

/// `list`, `info`, `limits` and the commands that change a box: the exact output that programs read.
@Suite struct BoxesTests {
    let fixture = CLIFixture()
    let ready =
        #"{"id":"bx_8pqt6dup","name":"Box 2026-05-28 16:00","state":"ready","url":null,"ip":"10.98.0.2","desktopAvailable":false,"desktopUrl":null,"snapshotAvailable":false,"snapshotCompletedAt":null,"createdAt":"2026-05-28T16:00:33.143Z","updatedAt":"2026-05-28T16:00:33.143Z","archiveAfter":"2026-05-28T17:00:33.143Z""#

    @Test func infoKeepsEverything() async {
        let sent =
            #"{"ok":true,"type":"box.info","box":{"new":{"z":1.50,"a":"\ud800"},"id":"bx_1","state":"archiving"},"extra":12345678901234567890}"#
        fixture.transport.on("GET /boxes/bx_1", sent)
        #expect(await fixture.run("info", "bx_1", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"box":{"new":{"z":1.50,"a":"\ud800"},"id":"bx_1","state":"stopping"},"extra":12345678901234567890}"#
                + "\n")
    }

    @Test func listHasAllPagesAndMarksThisBox() async {
        fixture.set("BOX_ID", "bx_b")
        fixture.transport
            .on(
                "GET /boxes?limit=200",
                #"{"ok":true,"type":"box.list","boxes":[{"id":"bx_a","state":"archived"}],"pageInfo":{"hasMore":true,"limit":200,"nextCursor":"c"}}"#
            )
            .on(
                "GET /boxes?limit=200&cursor=c",
                #"{"ok":true,"type":"box.list","pageInfo":{"hasMore":false,"limit":200,"nextCursor":null},"boxes":[{"id":"bx_b","state":"provisioned"}],"more":1}"#
            )
        #expect(await fixture.run("--json", "list") == 0)
        #expect(
            fixture.out.text
                == #"{"pageInfo":{"hasMore":false,"limit":200,"nextCursor":null},"boxes":[{"id":"bx_a","state":"stopped","self":false},{"id":"bx_b","state":"ready","self":true}],"more":1}"#
                + "\n")
    }

    @Test func statesAreFilteredByPeoplesWords() async {
        fixture.transport.on(
            "GET /boxes?limit=200&state=provisioned%2Cready%2Carchived", #"{"ok":true,"boxes":[{"id":"bx_a"}]}"#)
        #expect(await fixture.run("list", "--state", "ready,stopped", "-q") == 0)
        #expect(fixture.out.text == "bx_a\n")
        fixture.transport.on("GET /boxes?limit=200&state=archived", #"{"ok":true,"boxes":[]}"#)
        #expect(await fixture.run("list", "--state", "archived", "-q") == 0)
    }

    @Test func theTableFitsTheTerminal() async {
        fixture.useTerminal()
        let long = String(repeating: "long ", count: 12)
        fixture.transport.on(
            "GET /boxes?limit=200",
            #"{"ok":true,"boxes":[\#(Answers.box("ready", name: long)),\#(Answers.box("archived", id: "bx_2", name: #"a\u001b[2J"#))]}"#
        )
        #expect(await fixture.run("ls") == 0)
        #expect(
            fixture.out.text == """
                ID           NAME                             STATE    IP         CREATED  STOPS
                bx_8pqt6dup  long long long long long long …  ready    10.98.0.2  now      in 1h
                bx_2         a\u{FFFD}[2J                            stopped  -          now      -

                """)
        #expect(fixture.out.lines.allSatisfy { Text.width($0) <= 80 })
    }

    @Test(arguments: [
        (60, "ID           NAME         STATE    IP         CREATED  STOPS"),
        (50, "ID           NAME        STATE    IP         STOPS"), (40, "ID           NAME            STATE"),
        (24, "ID           STATE"), (16, "ID"),
    ])
    func narrowTerminalsGetFewerColumns(_ width: Int, _ heading: String) async {
        fixture.useTerminal()
        fixture.change { $0.terminal.width = width }
        fixture.transport.on(
            "GET /boxes?limit=200",
            #"{"ok":true,"boxes":[\#(Answers.box("ready", name: "long long long")),\#(Answers.box("archived", id: "bx_2", name: "b"))]}"#
        )
        #expect(await fixture.run("ls") == 0)
        #expect(fixture.out.lines.first == heading)
        #expect(fixture.out.lines.count == 3)
        #expect(fixture.out.lines.allSatisfy { Text.width($0) <= width })
    }

    @Test func boxesTellHowMuchDiskTheyTake() async throws {
        fixture.useTerminal()
        fixture.change { $0.terminal.width = 120 }
        var known = try #require(JSON.parse(Answers.box("ready")).object)
        (known["diskUsedBytes"], known["diskLimitBytes"]) = (3_145_728, 20_000_000_000)
        fixture.transport.on(
            "GET /boxes?limit=200",
            #"{"ok":true,"boxes":[\#(JSON.object(known).compact),\#(Answers.box("ready", id: "bx_2"))]}"#)
        #expect(await fixture.run("list") == 0)
        let lines = fixture.out.lines.map { $0.filter { $0 != " " } }
        try #require(lines.count == 3, "\(fixture.out.text)")
        #expect(lines[0].hasSuffix("STOPSDISK"))
        let sizes = Text.size(3_145_728) + "of" + Text.size(20_000_000_000)
        #expect(lines[1].hasSuffix(sizes.filter { $0 != " " }))
        #expect(lines[2].hasSuffix("-"))
    }

    @Test func anEmptyListSaysWhatToDo() async {
        fixture.transport.on("GET /boxes?limit=200", #"{"ok":true,"boxes":[]}"#)
        #expect(await fixture.run("list") == 0)
        #expect(fixture.out.text == "")
        #expect(fixture.err.text == "no boxes yet. make one with `box new`\n")
    }

    @Test func limits() async {
        fixture.transport.on(
            "GET /limits",
            #"{"ok":true,"type":"limits.info","activeBoxes":1,"maxActiveBoxes":null,"package":{"dollars":0}}"#)
        #expect(await fixture.run("limits", "--json") == 0)
        #expect(fixture.out.text == #"{"activeBoxes":1,"maxActiveBoxes":null,"package":{"dollars":0}}"# + "\n")
    }

    @Test func stopComesBackAtOnceForPrograms() async {
        fixture.transport.on(
            "POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving"))
        #expect(await fixture.run("stop", "bx_8pqt6dup", "--json") == 0)
        #expect(
            fixture.out.text.hasPrefix(
                #"{"id":"bx_8pqt6dup","status":"stopping","box":{"id":"bx_8pqt6dup","name":"Box 2026-05-28 16:00","state":"stopping","#
            ))
        #expect(fixture.out.lines.count == 1)
    }

    @Test func stopWaitsForPeople() async {
        fixture.transport.on(
            "POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving")
        )
        .on("GET /boxes/bx_8pqt6dup", Answers.info("archived"))
        #expect(await fixture.run("stop", "bx_8pqt6dup", "--force") == 0)
        #expect(fixture.out.text == "bx_8pqt6dup is stopped\n")
        #expect(fixture.transport.body(0) == #"{"force":true}"#)
    }

    @Test func stopSaysHowLongProcessesMayTake() async {
        fixture.transport.on(
            "POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving"))
        #expect(await fixture.run("stop", "bx_8pqt6dup", "--timeout", "0", "--json") == 0)
        #expect(fixture.transport.body(0) == #"{"timeoutSeconds":0}"#)
        #expect(await fixture.run("stop", "bx_8pqt6dup", "--timeout", "601") == 2)
        #expect(fixture.usageProblem == "invalid --timeout \"601\". Use a whole number of seconds from 0 to 600")
        #expect(await fixture.run("stop", "bx_8pqt6dup", "--timeout", "5", "--force") == 2)
    }

    @Test func resumeSendsItsTime() async {
        fixture.transport.on(
            "POST /boxes/bx_8pqt6dup/resume", 202, Answers.action("resuming", "resuming", state: "provisioning"))
        #expect(await fixture.run("resume", "bx_8pqt6dup", "--no-auto-stop", "--json") == 0)
        #expect(fixture.transport.body(0) == #"{"ttlSeconds":null}"#)
        #expect(fixture.out.text.hasPrefix(#"{"id":"bx_8pqt6dup","status":"resuming","box":{"#))
        fixture.transport.on(
            "POST /boxes/bx_8pqt6dup/resume", 202, Answers.action("resuming", "resuming", state: "archived")
        )
        .on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await fixture.run("resume", "bx_8pqt6dup", "--ttl", "60", "--json", "--wait") == 0)
        #expect(fixture.out.text.contains(#""status":"resuming","box":\#(ready)"#))
    }

    @Test func forkIsOneObjectForBothKindsOfProgram() async {
        fixture.transport.on("POST /boxes/bx_a/fork", 202, Answers.action("forking", "forking", state: "cloning"))
            .on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await fixture.run("fork", "bx_a", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"id":"bx_8pqt6dup","status":"forking","box":\#(ready)},"event":"ready","state":"ready","url":null,"ip":"10.98.0.2","desktopUrl":null,"archiveAfter":"2026-05-28T17:00:33.143Z","commands":{"ssh":"box ssh bx_8pqt6dup","forward":"box forward bx_8pqt6dup --remote 3000 --local 3000"}}"#
                + "\n")
    }

    @Test func extendAndRename() async {
        for _ in 1...4 { fixture.transport.on("PATCH /boxes/bx_8pqt6dup", Answers.info("ready")) }
        await CLI.run(["extend", "bx_8pqt6dup", "--ttl", "60", "--json"], in: fixture.current)
        await CLI.run(["extend", "bx_8pqt6dup", "--hours", "2", "--json"], in: fixture.current)
        await CLI.run(["extend", "bx_8pqt6dup", "--no-auto-stop", "--json"], in: fixture.current)
        #expect(await fixture.run("rename", "bx_8pqt6dup", "web", "--json") == 0)
        #expect(
            (0..<4).map { fixture.transport.body($0) } == [
                #"{"ttlSeconds":60}"#, #"{"ttlSeconds":7200}"#, #"{"ttlSeconds":null}"#, #"{"name":"web"}"#,
            ])
        #expect(fixture.out.text == #"{"box":\#(ready)}}"# + "\n")
        #expect(await fixture.run("extend", "bx_8pqt6dup") == 2)
        #expect(
            fixture.err.text
                == "error: say how long. Use --ttl SECONDS, --hours HOURS or --no-auto-stop; run `box extend --help`\n")
    }

    @Test func interrupt() async {
        fixture.transport.on(
            "POST /boxes/bx_1/interrupt",
            #"{"ok":true,"type":"box.interrupted","id":"bx_1","status":"interrupted","box":null}"#)
        #expect(await fixture.run("interrupt", "bx_1", "--json") == 0)
        #expect(fixture.out.text == #"{"id":"bx_1","status":"interrupted","box":null}"# + "\n")
    }

    @Test func deleteDoesNotAskPrograms() async {
        fixture.transport.on("DELETE /boxes/bx_1", #"{"ok":true,"type":"box.deleted","id":"bx_1","status":"deleted"}"#)
        #expect(await fixture.run("delete", "bx_1", "--json") == 0)
        #expect(fixture.out.text == #"{"id":"bx_1","status":"deleted"}"# + "\n")
        #expect(fixture.ssh.state.withLock(\.forgotten) == ["bx_1"])
    }

    @Test func deleteAsksPeople() async {
        fixture.useTerminal()
        fixture.type("n\n")
        #expect(await fixture.run("delete", "bx_1") == 1)
        #expect(fixture.err.text == "delete bx_1 and its disk? [y/N] nothing was deleted\n")
        fixture.type("Yes\n")
        fixture.transport.on("DELETE /boxes/bx_1", #"{"ok":true,"id":"bx_1","status":"deleted"}"#)
        #expect(await fixture.run("delete", "bx_1") == 0)
        #expect(fixture.out.text == "bx_1 is deleted\n")
        fixture.transport.on("DELETE /boxes/bx_2", #"{"ok":true,"id":"bx_2","status":"deleted"}"#)
        #expect(await fixture.run("rm", "-y", "bx_2") == 0)
        #expect(fixture.err.text == "")
    }
}
