import BoxModel
import Synchronization
import Testing

@testable import BoxCLI

@Suite struct DesktopCommandTests {
    let fixture = CLIFixture()

    @Test func programsGetTheDocumentedShape() async {
        fixture.transport.on(
            "POST /boxes/bx_1/desktop",
            #"{"ok":true,"type":"desktop.url","success":true,"desktopUrl":"https://d?token=t","viewerUrl":"https://v","ip":"10.0.0.2","n":1.50}"#
        )
        #expect(await fixture.run("desktop", "bx_1", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"success":true,"desktopUrl":"https://d?token=t","viewerUrl":"https://v","ip":"10.0.0.2","n":1.50}"#
                + "\n")
        fixture.transport.on("POST /boxes/bx_1/desktop?theme=light", #"{"ok":true,"desktopUrl":"https://d","ip":null}"#)
        #expect(await fixture.run("desktop", "bx_1", "--json", "--theme", "light") == 0)
        #expect(
            fixture.out.text == #"{"desktopUrl":"https://d","ip":null,"success":true,"viewerUrl":"https://d"}"# + "\n")
        fixture.transport.on("POST /boxes/bx_1/desktop?vnc=1", #"{"ok":true,"desktopUrl":"https://d"}"#)
        #expect(await fixture.run("desktop", "bx_1", "--json", "--vnc") == 0)
        #expect(fixture.out.text == #"{"desktopUrl":"https://d","mode":"vnc"}"# + "\n")
    }

    @Test func peopleGetTheAddressAndNothingElse() async {
        fixture.transport.on("POST /boxes/bx_1/desktop?vnc=1", #"{"ok":true,"provisioning":true,"message":"soon"}"#)
            .on("POST /boxes/bx_1/desktop?vnc=1", #"{"ok":true,"desktopUrl":"https://d?_token=t","mode":"vnc"}"#)
        #expect(await fixture.run("desktop", "bx_1", "--vnc", "--public", "--no-open") == 0)
        #expect(fixture.out.text == "https://d?_token=t\n")
        #expect(fixture.err.text == "")
        #expect(fixture.transport.body(1) == #"{"publicAccess":true}"#)
    }

    private func neverReady() {
        for _ in 0..<5 {
            fixture.transport.on("POST /boxes/bx_1/desktop", 503, Answers.error(503, "desktop_not_ready", "Starting X"))
        }
    }

    @Test func aDesktopThatIsNeverReadyHasTheServersCode() async {
        neverReady()
        #expect(await fixture.run("desktop", "bx_1", "--timeout", "1", "--json") == 1)
        #expect(fixture.out.text.hasSuffix(#"with --timeout","code":"desktop_not_ready","status":503}"# + "\n"))
    }

    @Test func aServerWithoutDesktopsIsBelievedAtOnce() async {
        fixture.transport.on(
            "POST /boxes/bx_1/desktop", 400, Answers.error(400, "desktop_not_ready", "Boxes have none."))
        #expect(await fixture.run("desktop", "bx_1") == 1)
        #expect(fixture.err.text == "error: Boxes have none.\n")
    }

    @Test func theWaitIsLimited() async {
        neverReady()
        let status = await fixture.run("desktop", "bx_1", "--timeout", "1")
        #expect(status == 1)
        #expect(
            fixture.err.text
                == "error: the desktop of bx_1 is not ready after 1s: Starting X. try again, or wait longer with --timeout\n"
        )
    }

    @Test func errors() async {
        fixture.transport.on("POST /boxes/bx_1/desktop", 400, #"{"error":"machine_not_running"}"#)
        #expect(await fixture.run("desktop", "bx_1", "--json") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"the box is not running. start it with `box resume bx_1`","code":"machine_not_running","status":400}"#
                + "\n")
        #expect(await fixture.run("desktop", "bx_1", "--public") == 2)
        #expect(fixture.usageProblem == "--public is for --vnc. Use both")
        #expect(await fixture.run("desktop", "bx_1", "--theme", "blue") == 2)
        #expect(fixture.usageProblem == "invalid --theme \"blue\". Use light or dark")
    }
}

@Suite struct WaitCommandTests {
    let fixture = CLIFixture()

    private func states(_ states: String...) {
        for state in states { fixture.transport.on("GET /boxes/bx_8pqt6dup", Answers.info(state)) }
    }

    @Test(arguments: [
        (["wait", "bx_8pqt6dup"], ["provisioning", "ready"], "ready"),
        (["wait", "bx_8pqt6dup", "--for", "idle"], ["ready", "running", "idle"], "idle"),
        (["wait", "bx_8pqt6dup", "--for", "stopped"], ["archiving", "archived"], "stopped"),
    ])
    func goals(_ arguments: [String], _ states: [String], _ word: String) async throws {
        for state in states { self.states(state) }
        #expect(await CLI.run(arguments + ["--json"], in: fixture.current) == .success)
        let box = try JSON.parse(fixture.out.bytes)
        #expect(box.object?.members.map(\.key) == ["id", "state", "box"])
        #expect(box["id"] == "bx_8pqt6dup" && box["state"] == .string(word) && box["box"]?["state"] == .string(word))
        #expect(fixture.out.lines.count == 1 && fixture.transport.unused.isEmpty)
        for state in states { self.states(state) }
        fixture.out.clear()
        #expect(await CLI.run(arguments, in: fixture.current) == .success)
        #expect(fixture.out.text == "bx_8pqt6dup is \(word)\n" && fixture.err.text == "")
    }

    @Test func sshIsAServerThatAnswers() async {
        fixture.ssh.state.withLock { $0.banners = [false, true] }
        states("provisioning", "ready", "idle")
        #expect(await fixture.run("wait", "bx_8pqt6dup", "--for", "ssh") == 0)
        #expect(fixture.out.text == "bx_8pqt6dup is idle, and answers on port 22\n")
        #expect(fixture.ssh.state.withLock { $0.bannersSeen } == ["bx_8pqt6dup 10.98.0.2", "bx_8pqt6dup 10.98.0.2"])
    }

    @Test func aTimeOutSaysTheLastState() async {
        for _ in 0..<100 { states("running") }
        let status = await CLI.run(
            ["wait", "bx_8pqt6dup", "--for", "idle", "--timeout", "1", "--json"], in: fixture.current)
        #expect(status == .failure)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"bx_8pqt6dup is still running after 1s. look again with `box info bx_8pqt6dup`"}"#
                + "\n")
        fixture.out.clear()
        #expect(
            await CLI.run(["wait", "bx_8pqt6dup", "--for", "ssh", "--timeout", "1", "--json"], in: fixture.current)
                == .failure)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"bx_8pqt6dup is running, but no SSH server answers at 10.98.0.2 port 22 after 1s. look again with `box info bx_8pqt6dup`"}"#
                + "\n")
    }

    @Test func whatCannotBeReachedEndsTheWait() async {
        states("archived")
        #expect(await fixture.run("wait", "bx_8pqt6dup", "--for", "idle") == 1)
        #expect(fixture.err.text == "error: bx_8pqt6dup is stopped now, while something else was waited for\n")
        fixture.transport.on("GET /boxes/bx_8pqt6dup", 404, #"{"error":"not_found"}"#)
        #expect(await fixture.run("wait", "bx_8pqt6dup") == 1)
        #expect(await fixture.run("wait", "bx_8pqt6dup", "--for", "gone") == 2)
        #expect(fixture.usageProblem == "invalid --for \"gone\". Use ready, ssh, idle or stopped")
    }
}
