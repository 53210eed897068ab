import BoxClient
import BoxModel
import Synchronization
import Testing

@testable import BoxCLI

/// `box local`, with a scripted boxd.
@Suite struct LocalTests {
    let fixture = CLIFixture(loggedIn: false)
    let health = "GET http://127.0.0.1:7070/healthz"
    private var data: String { fixture.home + "/data" }

    private func run(_ arguments: String...) async -> BoxCLI.ExitStatus {
        fixture.out.clear()
        fixture.err.clear()
        let status = await CLI.run(["local"] + arguments + ["--data-dir", data, "--json"], in: fixture.current)
        #expect(fixture.transport.unused.isEmpty)
        #expect(fixture.processes.state.withLock { $0.results.map(\.arguments) } == [])
        return status
    }

    private func writePid(_ text: String) throws {
        try Files.makeDirectory(data)
        try Files.replace(data + "/boxd.pid", with: Array(text.utf8))
    }

    @Test func upFromNothing() async throws {
        fixture.transport.fail(health).fail(health).on(health, 200, "ok")
        fixture.processes.state.withLock {
            $0.onStart = { [data] in
                try? Files.replace(data + "/boxd.pid", with: Array("4711\n".utf8))
            }
        }
        fixture.processes.expect(["/opt/boxd", "image", "build", "--data-dir", data, "--if-missing"])
        fixture.processes.expect(
            ["/opt/boxd", "api-key", "create", "--data-dir", data, "--name", "box local up", "--json"],
            output: #"{"secret":"box_new","id":"sak_1"}"# + "\n")
        fixture.transport.on("GET /me", Answers.me)
        #expect(await run("up") == .success)
        #expect(
            fixture.out.text == #"{"event":"local_up","apiUrl":"http://127.0.0.1:7070","pid":4711,"started":true}"#
                + "\n"
        )
        #expect(fixture.err.text == "")
        #expect(
            try fixture.readConfig() == [
                "api_url": "http://127.0.0.1:7070", "token": "box_new",
                "token_origin": ["url": "http://127.0.0.1:7070", "last_four": "_new"],
            ])
        #expect(
            fixture.processes.state.withLock(\.started) == [
                [
                    "/opt/boxd", "serve", "--data-dir", data, "--listen", "127.0.0.1:7070", "--log-file",
                    data + "/boxd.log",
                ]
            ])
    }

    @Test func aSecondUpChangesNothing() async throws {
        try writePid("4711")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        try fixture.writeConfig(#"{"api_url":"http://127.0.0.1:7070","token":"box_old"}"#)
        fixture.transport.on(health, 200, "ok").on("GET /me", Answers.me)
        fixture.processes.expect(["/opt/boxd", "image", "build", "--data-dir", data, "--if-missing"])
        #expect(await run("up") == .success)
        #expect(
            fixture.out.text == #"{"event":"local_up","apiUrl":"http://127.0.0.1:7070","pid":4711,"started":false}"#
                + "\n")
        #expect(try fixture.readConfig()?["token"] == "box_old")
    }

    @Test func aServerThatDiesAtOnceShowsItsLog() async throws {
        try Files.makeDirectory(data)
        try Files.replace(data + "/boxd.log", with: Array("starting\nport 7070 is taken\n".utf8))
        fixture.transport.fail(health).fail(health)
        fixture.processes.state.withLock {
            $0.onStart = { [processes = fixture.processes] in
                processes.state.withLock { $0.names = [:] }
            }
        }
        #expect(await run("up") == .failure)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"boxd ended at once. the end of \#(data)/boxd.log:\n  starting\n  port 7070 is taken"}"#
                + "\n")
    }

    @Test func withoutRootItGoesThroughSudo() async throws {
        fixture.processes.state.withLock { $0.isRoot = false }
        fixture.transport.fail(health)
        fixture.processes.expect(["/usr/bin/sudo", "-n", "true"])
        fixture.processes.expect(
            [
                "/usr/bin/sudo", "-n", "--", "/opt/box", "local", "up", "--no-login", "--json", "--data-dir", data,
                "--listen",
                "127.0.0.1:7070", "--boxd", "/opt/boxd",
            ], output: #"{"event":"local_up","pid":12,"started":true}"# + "\n")
        fixture.processes.expect(["/usr/bin/sudo", "-n", "true"])
        fixture.processes.expect(
            [
                "/usr/bin/sudo", "-n", "--", "/opt/boxd", "api-key", "create", "--data-dir", data, "--name",
                "box local up",
                "--json",
            ], output: #"{"secret":"box_new"}"# + "\n")
        fixture.transport.on("GET /me", Answers.me)
        #expect(await run("up") == .success)
        #expect(fixture.out.text.contains(#""pid":12,"started":true"#))
        #expect(try fixture.readConfig()?["token"] == "box_new")
    }

    @Test func withoutRootOrSudoItSaysSo() async {
        fixture.processes.state.withLock { $0.isRoot = false }
        fixture.transport.fail(health)
        fixture.processes.expect(["/usr/bin/sudo", "-n", "true"], status: 1)
        #expect(await run("up") == .failure)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"starting boxd needs root. run it as root, or allow this user sudo without a password"}"#
                + "\n")
    }

    @Test func whatFailedIsPartOfTheError() async throws {
        try writePid("4711")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        fixture.transport.on(health, 200, "ok")
        fixture.processes.expect(
            ["/opt/boxd", "image", "build", "--data-dir", data, "--if-missing"], status: 1,
            errors: "building\nno mmdebstrap\n")
        #expect(await run("up") == .failure)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"building the image failed (exit status 1): building\nno mmdebstrap"}"#
                + "\n")
    }

    @Test func downStopsBoxesFirst() async throws {
        try writePid("4711\n")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        try fixture.writeConfig(#"{"api_url":"http://127.0.0.1:7070","token":"t"}"#)
        fixture.transport.on(health, 200, "ok")
            .on(
                "GET /boxes?limit=200&state=provisioned%2Ccloning%2Cready%2Cidle%2Crunning",
                #"{"ok":true,"boxes":[\#(Answers.box("ready"))]}"#
            )
            .on("POST /boxes/bx_8pqt6dup/stop", 202, Answers.action("stopping", "archiving", state: "archiving"))
            .on("GET /boxes/bx_8pqt6dup", Answers.info("archived"))
        #expect(await run("down") == .success)
        #expect(fixture.out.text == #"{"event":"local_down","stopped":true}"# + "\n")
        #expect(fixture.processes.state.withLock(\.terminated) == [4711])
    }

    @Test func downCanLeaveBoxes() async throws {
        try writePid("4711\n")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        fixture.transport.on(health, 200, "ok")
        #expect(await run("down", "--keep-boxes") == .success)
        #expect(fixture.processes.state.withLock(\.terminated) == [4711])
    }

    @Test(arguments: ["99", "1", "", "x"]) func aStalePidFileKillsNobody(pid: String) async throws {
        try writePid(pid)
        fixture.processes.state.withLock { $0.names = [99: "postgres", 1: "init"] }
        fixture.transport.fail(health)
        #expect(await run("down") == .success)
        #expect(fixture.out.text == #"{"event":"local_down","stopped":false}"# + "\n")
        #expect(fixture.processes.state.withLock(\.terminated) == [])
    }

    @Test func anotherServerOnThePortIsLeftAlone() async throws {
        fixture.transport.on(health, 200, "ok")
        #expect(await run("down", "--keep-boxes") == .failure)
        #expect(fixture.out.text.contains("something answers at 127.0.0.1:7070"))
    }

    @Test func status() async throws {
        fixture.transport.fail(health)
        fixture.processes.expect(
            ["/opt/boxd", "image", "status", "--data-dir", data, "--json"],
            output: #"{"present":true,"bytes":5}"# + "\n")
        #expect(await run("status") == .success)
        #expect(
            fixture.out.text
                == #"{"running":false,"apiUrl":"http://127.0.0.1:7070","pid":null,"dataDir":"\#(data)","image":{"present":true,"bytes":5},"answers":false}"#
                + "\n")
    }

    @Test func upLeavesAnotherServerAlone() async throws {
        try writePid("99")
        fixture.transport.on(health, 200, "ok")
        #expect(await run("up") == .failure)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"something answers at 127.0.0.1:7070, but \#(data)/boxd.pid names no boxd that runs. is it another server, or one with another --data-dir?"}"#
                + "\n")
        #expect(try fixture.readConfig() == nil)
    }

    @Test func aKeyThatIsRefusedIsNotSaved() async throws {
        try writePid("4711")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        fixture.transport.on(health, 200, "ok")
        fixture.processes.expect(["/opt/boxd", "image", "build", "--data-dir", data, "--if-missing"])
        fixture.processes.expect(
            ["/opt/boxd", "api-key", "create", "--data-dir", data, "--name", "box local up", "--json"],
            output: #"{"secret":"box_new"}"# + "\n")
        fixture.transport.on("GET /me", 401, Answers.error(401, "unauthorized", "Bad key."))
        #expect(await run("up") == .authentication)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"the server at http://127.0.0.1:7070 refuses the key that was made in \#(data). is it another server, or one with another --data-dir?"}"#
                + "\n")
        #expect(try fixture.readConfig() == nil)
    }

    @Test func downWithARefusedKeyNamesTheWayOut() async throws {
        try writePid("4711\n")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        try fixture.writeConfig(#"{"api_url":"http://127.0.0.1:7070","token":"t"}"#)
        fixture.transport.on(health, 200, "ok").on(
            "GET /boxes?limit=200&state=provisioned%2Ccloning%2Cready%2Cidle%2Crunning", 401,
            Answers.error(401, "unauthorized", "bad key"))
        #expect(await run("down") == .authentication)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"bad key; log in with `box login KEY`, or set BOX_API_KEY. `box local up` makes a new key; or leave the boxes with --keep-boxes","code":"unauthorized","status":401}"#
                + "\n")
        #expect(fixture.processes.state.withLock(\.terminated) == [])
    }

    /// The output of `box local status` for people.
    private func shownStatus() async -> (out: String, err: String) {
        fixture.processes.state.withLock { $0.programs = [:] }
        _ = await CLI.run(["local", "status", "--data-dir", data], in: fixture.current)
        return (fixture.out.text, fixture.err.text)
    }

    @Test func statusOfAServerThatHangs() async throws {
        try writePid("4711\n")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        fixture.transport.fail(health, "timed out", kind: .timedOut)
        let shown = await shownStatus()
        #expect(
            shown.out == """
                  boxd     does not answer at http://127.0.0.1:7070
                  process  4711
                  data     \(data)

                """)
        #expect(shown.err == "see `box local logs`\n")
    }

    @Test func statusOfAnotherServer() async {
        fixture.transport.on(health, 200, "ok")
        let shown = await shownStatus()
        #expect(
            shown.out == """
                  boxd  doesn't run; another server answers at http://127.0.0.1:7070
                  data  \(data)

                """)
        #expect(
            shown.err
                == "something answers at 127.0.0.1:7070, but \(data)/boxd.pid names no boxd that runs. is it another server, or one with another --data-dir?\n"
        )
    }

    @Test func namesOfAProxyAreHandedOn() async throws {
        fixture.transport.fail(health).fail(health).on(health, 200, "ok")
        fixture.processes.expect(["/opt/boxd", "image", "build", "--data-dir", data, "--if-missing"])
        #expect(await run("up", "--no-login", "--host", "a.example", "--host", "b.example") == .success)
        let flags = fixture.processes.state.withLock(\.started).first?.suffix(4)
        #expect(flags == ["--host", "a.example", "--host", "b.example"])
    }

    @Test func aNameForAServerThatRunsIsNotLostSilently() async throws {
        try writePid("4711")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        fixture.transport.on(health, 200, "ok")
        fixture.processes.expect(["/opt/boxd", "image", "build", "--data-dir", data, "--if-missing"])
        let arguments = ["local", "up", "--no-login", "--host", "a.example", "--data-dir", data]
        #expect(await CLI.run(arguments, in: fixture.current) == .success)
        #expect(fixture.err.text.contains("--host counts when the server starts: run `box local down --keep-boxes`"))
    }

    @Test func logs() async throws {
        #expect(await run("logs") == .failure)
        try Files.makeDirectory(data)
        try Files.replace(data + "/boxd.log", with: Array("one\ntwo\nthree".utf8))
        #expect(await run("logs", "-n", "2") == .success)
        #expect(fixture.out.text == "{\"event\":\"log\",\"line\":\"two\"}\n{\"event\":\"log\",\"line\":\"three\"}\n")
    }

    @Test func logsGoBackIntoTheOldFile() async throws {
        try Files.makeDirectory(data)
        try Files.replace(data + "/boxd.log.1", with: Array("one\ntwo\n".utf8))
        try Files.replace(data + "/boxd.log", with: Array("three\n".utf8))
        #expect(await run("logs", "-n", "2") == .success)
        #expect(fixture.out.text == "{\"event\":\"log\",\"line\":\"two\"}\n{\"event\":\"log\",\"line\":\"three\"}\n")
    }

    @Test(arguments: [("--listen", "nonsense"), ("--listen", "h"), ("--data-dir", "relative")])
    func wrongOptions(_ option: String, _ value: String) async {
        #expect(await CLI.run(["local", "status", option, value], in: fixture.current) == .usage)
        #expect(fixture.err.text.hasPrefix("error: invalid \(option) \"\(value)\". Use "))
    }

    @Test func aServerBehindPlainHTTPIsLoggedInAtOnlyWithAWord() async throws {
        try writePid("4711")
        fixture.processes.state.withLock { $0.names[4711] = "boxd" }
        fixture.transport.on("GET http://10.0.0.5:7070/healthz", 200, "ok")
        #expect(await run("up", "--listen", "10.0.0.5:7070") == .authentication)
        #expect(fixture.out.text.contains("no API key is sent to http://10.0.0.5:7070"))
        #expect(try fixture.readConfig() == nil)
    }

    @Test func listeningEverywhereIsReachedOnLoopback() async throws {
        fixture.set("BOXD_LISTEN", "0.0.0.0:8080")
        fixture.transport.fail("GET http://127.0.0.1:8080/healthz")
        fixture.processes.expect(["/opt/boxd", "image", "status", "--data-dir", data, "--json"], status: 1)
        #expect(await run("status") == .success)
        #expect(fixture.out.text.contains(#""apiUrl":"http://127.0.0.1:8080""#))
    }
}
