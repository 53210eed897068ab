import BoxModel
import Synchronization
import Testing

@testable import BoxCLI

/// `list`, `info`, `limits` and the commands that change a box: the exact output that programs read.
@Suite struct BoxesTests {
    let world = TestWorld()
    let ready =
        #"{"id":"bx_8pqt6dup","name":"Box 2026-05-28 16:00","state":"ready","url":null,"ip":"10.98.0.2","desktopAvailable":false,"desktopUrl":null,"snapshotAvailable":false,"snapshotCompletedAt":null,"createdAt":"2026-05-28T16:00:33.143Z","updatedAt":"2026-05-28T16:00:33.143Z","archiveAfter":"2026-05-28T17:00:33.143Z""#

    @Test func infoKeepsEverything() async {
        let sent =
            #"{"ok":true,"type":"box.info","box":{"new":{"z":1.50,"a":"\ud800"},"id":"bx_1","state":"archiving"},"extra":12345678901234567890}"#
        world.transport.on("GET /boxes/bx_1", sent)
        #expect(await world.run("info", "bx_1", "--json") == 0)
        #expect(
            world.out.text
                == #"{"box":{"new":{"z":1.50,"a":"\ud800"},"id":"bx_1","state":"stopping"},"extra":12345678901234567890}"#
                + "\n")
    }

    @Test func listHasAllPagesAndMarksThisBox() async {
        world.set("BOX_ID", "bx_b")
        world.transport
            .on(
                "GET /boxes?limit=200",
                #"{"ok":true,"type":"box.list","boxes":[{"id":"bx_a","state":"archived"}],"pageInfo":{"hasMore":true,"limit":200,"nextCursor":"c"}}"#
            )
            .on(
                "GET /boxes?limit=200&cursor=c",
                #"{"ok":true,"type":"box.list","pageInfo":{"hasMore":false,"limit":200,"nextCursor":null},"boxes":[{"id":"bx_b","state":"provisioned"}],"more":1}"#
            )
        #expect(await world.run("--json", "list") == 0)
        #expect(
            world.out.text
                == #"{"pageInfo":{"hasMore":false,"limit":200,"nextCursor":null},"boxes":[{"id":"bx_a","state":"stopped","self":false},{"id":"bx_b","state":"ready","self":true}],"more":1}"#
                + "\n")
    }

    @Test func statesAreFilteredByPeoplesWords() async {
        world.transport.on(
            "GET /boxes?limit=200&state=provisioned%2Cready%2Carchived", #"{"ok":true,"boxes":[{"id":"bx_a"}]}"#)
        #expect(await world.run("list", "--state", "ready,stopped", "-q") == 0)
        #expect(world.out.text == "bx_a\n")
        world.transport.on("GET /boxes?limit=200&state=archived", #"{"ok":true,"boxes":[]}"#)
        #expect(await world.run("list", "--state", "archived", "-q") == 0)
    }

    @Test func theTableFitsTheTerminal() async {
        world.useTerminal()
        let long = String(repeating: "long ", count: 12)
        world.transport.on(
            "GET /boxes?limit=200",
            #"{"ok":true,"boxes":[\#(Answers.box("ready", name: long)),\#(Answers.box("archived", id: "bx_2", name: #"a\u001b[2J"#))]}"#
        )
        #expect(await world.run("ls") == 0)
        #expect(
            world.out.text == """
                ID           NAME                             STATE    IP         CREATED  STOPS
                bx_8pqt6dup  long long long long long long …  ready    10.98.0.2  now      in 1h
                bx_2         a\u{FFFD}[2J                            stopped  -          now      -

                """)
        #expect(world.out.lines.allSatisfy { Text.width($0) <= 80 })
    }

    @Test(arguments: [
        (60, "ID           NAME         STATE    IP         CREATED  STOPS"),
        (50, "ID           NAME        STATE    IP         STOPS"), (40, "ID           NAME            STATE"),
        (24, "ID           STATE"), (16, "ID"),
    ])
    func narrowTerminalsGetFewerColumns(_ width: Int, _ heading: String) async {
        world.useTerminal()
        world.change { $0.terminal.width = width }
        world.transport.on(
            "GET /boxes?limit=200",
            #"{"ok":true,"boxes":[\#(Answers.box("ready", name: "long long long")),\#(Answers.box("archived", id: "bx_2", name: "b"))]}"#
        )
        #expect(await world.run("ls") == 0)
        #expect(world.out.lines.first == heading)
        #expect(world.out.lines.count == 3)
        #expect(world.out.lines.allSatisfy { Text.width($0) <= width })
    }

    @Test func boxesTellHowMuchDiskTheyTake() async throws {
        world.useTerminal()
        world.change { $0.terminal.width = 120 }
        var known = try #require(JSON.parse(Answers.box("ready")).object)
        (known["diskUsedBytes"], known["diskLimitBytes"]) = (3_145_728, 20_000_000_000)
        world.transport.on(
            "GET /boxes?limit=200",
            #"{"ok":true,"boxes":[\#(JSON.object(known).compact),\#(Answers.box("ready", id: "bx_2"))]}"#)
        #expect(await world.run("list") == 0)
        let lines = world.out.lines.map { $0.filter { $0 != " " } }
        try #require(lines.count == 3, "\(world.out.text)")
        #expect(lines[0].hasSuffix("STOPSDISK"))
        let sizes = Text.size(3_145_728) + "of" + Text.size(20_000_000_000)
        #expect(lines[1].hasSuffix(sizes.filter { $0 != " " }))
        #expect(lines[2].hasSuffix("-"))
    }

    @Test func anEmptyListSaysWhatToDo() async {
        world.transport.on("GET /boxes?limit=200", #"{"ok":true,"boxes":[]}"#)
        #expect(await world.run("list") == 0)
        #expect(world.out.text == "")
        #expect(world.err.text == "no boxes yet. make one with `box new`\n")
    }

    @Test func limits() async {
        world.transport.on(
            "GET /limits",
            #"{"ok":true,"type":"limits.info","activeBoxes":1,"maxActiveBoxes":null,"package":{"dollars":0}}"#)
        #expect(await world.run("limits", "--json") == 0)
        #expect(world.out.text == #"{"activeBoxes":1,"maxActiveBoxes":null,"package":{"dollars":0}}"# + "\n")
    }

    @Test func stopComesBackAtOnceForPrograms() async {
        world.transport.on(
            "POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving"))
        #expect(await world.run("stop", "bx_8pqt6dup", "--json") == 0)
        #expect(
            world.out.text.hasPrefix(
                #"{"id":"bx_8pqt6dup","status":"stopping","box":{"id":"bx_8pqt6dup","name":"Box 2026-05-28 16:00","state":"stopping","#
            ))
        #expect(world.out.lines.count == 1)
    }

    @Test func stopWaitsForPeople() async {
        world.transport.on(
            "POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving")
        )
        .on("GET /boxes/bx_8pqt6dup", Answers.info("archived"))
        #expect(await world.run("stop", "bx_8pqt6dup", "--force") == 0)
        #expect(world.out.text == "bx_8pqt6dup is stopped\n")
        #expect(world.transport.body(0) == #"{"force":true}"#)
    }

    @Test func stopSaysHowLongProcessesMayTake() async {
        world.transport.on(
            "POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving"))
        #expect(await world.run("stop", "bx_8pqt6dup", "--timeout", "0", "--json") == 0)
        #expect(world.transport.body(0) == #"{"timeoutSeconds":0}"#)
        #expect(await world.run("stop", "bx_8pqt6dup", "--timeout", "601") == 2)
        #expect(world.usageProblem == "invalid --timeout \"601\". Use a whole number of seconds from 0 to 600")
        #expect(await world.run("stop", "bx_8pqt6dup", "--timeout", "5", "--force") == 2)
    }

    @Test func resumeSendsItsTime() async {
        world.transport.on(
            "POST /boxes/bx_8pqt6dup/resume", 202, Answers.action("resuming", "resuming", state: "provisioning"))
        #expect(await world.run("resume", "bx_8pqt6dup", "--no-auto-stop", "--json") == 0)
        #expect(world.transport.body(0) == #"{"ttlSeconds":null}"#)
        #expect(world.out.text.hasPrefix(#"{"id":"bx_8pqt6dup","status":"resuming","box":{"#))
        world.transport.on(
            "POST /boxes/bx_8pqt6dup/resume", 202, Answers.action("resuming", "resuming", state: "archived")
        )
        .on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await world.run("resume", "bx_8pqt6dup", "--ttl", "60", "--json", "--wait") == 0)
        #expect(world.out.text.contains(#""status":"resuming","box":\#(ready)"#))
    }

    @Test func forkIsOneObjectForBothKindsOfProgram() async {
        world.transport.on("POST /boxes/bx_a/fork", 202, Answers.action("forking", "forking", state: "cloning"))
            .on("GET /boxes/bx_8pqt6dup", Answers.info("ready"))
        #expect(await world.run("fork", "bx_a", "--json") == 0)
        #expect(
            world.out.text
                == #"{"id":"bx_8pqt6dup","status":"forking","box":\#(ready)},"event":"ready","state":"ready","url":null,"ip":"10.98.0.2","desktopUrl":null,"archiveAfter":"2026-05-28T17:00:33.143Z","commands":{"ssh":"box ssh bx_8pqt6dup","forward":"box forward bx_8pqt6dup --remote 3000 --local 3000"}}"#
                + "\n")
    }

    @Test func extendAndRename() async {
        for _ in 1...4 { world.transport.on("PATCH /boxes/bx_8pqt6dup", Answers.info("ready")) }
        await CLI.run(["extend", "bx_8pqt6dup", "--ttl", "60", "--json"], in: world.current)
        await CLI.run(["extend", "bx_8pqt6dup", "--hours", "2", "--json"], in: world.current)
        await CLI.run(["extend", "bx_8pqt6dup", "--no-auto-stop", "--json"], in: world.current)
        #expect(await world.run("rename", "bx_8pqt6dup", "web", "--json") == 0)
        #expect(
            (0..<4).map { world.transport.body($0) } == [
                #"{"ttlSeconds":60}"#, #"{"ttlSeconds":7200}"#, #"{"ttlSeconds":null}"#, #"{"name":"web"}"#,
            ])
        #expect(world.out.text == #"{"box":\#(ready)}}"# + "\n")
        #expect(await world.run("extend", "bx_8pqt6dup") == 2)
        #expect(
            world.err.text
                == "error: say how long. Use --ttl SECONDS, --hours HOURS or --no-auto-stop; run `box extend --help`\n")
    }

    @Test func interrupt() async {
        world.transport.on(
            "POST /boxes/bx_1/interrupt",
            #"{"ok":true,"type":"box.interrupted","id":"bx_1","status":"interrupted","box":null}"#)
        #expect(await world.run("interrupt", "bx_1", "--json") == 0)
        #expect(world.out.text == #"{"id":"bx_1","status":"interrupted","box":null}"# + "\n")
    }

    @Test func deleteDoesNotAskPrograms() async {
        world.transport.on("DELETE /boxes/bx_1", #"{"ok":true,"type":"box.deleted","id":"bx_1","status":"deleted"}"#)
        #expect(await world.run("delete", "bx_1", "--json") == 0)
        #expect(world.out.text == #"{"id":"bx_1","status":"deleted"}"# + "\n")
        #expect(world.ssh.state.withLock(\.forgotten) == ["bx_1"])
    }

    @Test func deleteAsksPeople() async {
        world.useTerminal()
        world.type("n\n")
        #expect(await world.run("delete", "bx_1") == 1)
        #expect(world.err.text == "delete bx_1 and its disk? [y/N] nothing was deleted\n")
        world.type("Yes\n")
        world.transport.on("DELETE /boxes/bx_1", #"{"ok":true,"id":"bx_1","status":"deleted"}"#)
        #expect(await world.run("delete", "bx_1") == 0)
        #expect(world.out.text == "bx_1 is deleted\n")
        world.transport.on("DELETE /boxes/bx_2", #"{"ok":true,"id":"bx_2","status":"deleted"}"#)
        #expect(await world.run("rm", "-y", "bx_2") == 0)
        #expect(world.err.text == "")
    }
}
