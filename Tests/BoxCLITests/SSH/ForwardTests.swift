import BoxArguments
import BoxSSH
import Glibc
import Synchronization
import Testing

@testable import BoxCLI

@Suite struct ForwardTests {
    let fixture = CLIFixture()

    private func access(_ address: String = "10.98.0.2") -> String {
        #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"\#(address)","sshUser":"user"}"#
    }

    private func parse(_ words: [String]) throws -> [PortForward] {
        let outcome = try CommandParser(root: CommandTable.root.spec).parse(["forward", "bx_1"] + words)
        guard case .run(let parsed) = outcome else { return [] }
        return try Forward(parsed).forwards
    }

    private static func forward(
        _ local: UInt16, _ remote: UInt16, bind: String = "localhost", host: String = "127.0.0.1"
    ) -> PortForward {
        PortForward(local: Endpoint(host: bind, port: local), remote: Endpoint(host: host, port: remote))
    }

    private static func reverse(_ bind: String, _ port: UInt16, _ host: String, _ to: UInt16) -> PortForward {
        PortForward(
            .remote, local: Endpoint(host: host, port: to), remote: Endpoint(host: bind, port: port))
    }

    private static func socks(_ bind: String, _ port: UInt16) -> PortForward {
        PortForward(.dynamic, local: Endpoint(host: bind, port: port), remote: Endpoint(port: 0))
    }

    // MARK: Arguments

    @Test(arguments: [
        (["--remote", "3000", "--local", "3000"], [forward(3000, 3000)]),
        (["--remote", "3000"], [forward(3000, 3000)]),
        (["--local", "0", "--remote", "65535"], [forward(0, 65535)]),
        (["--remote", "1", "--remote", "2", "--local", "3", "--local", "4"], [forward(3, 1), forward(4, 2)]),
        (["-r", "1", "-r", "2"], [forward(1, 1), forward(2, 2)]),
        (["-r", "80", "-l", "8080", "--bind", "0.0.0.0"], [forward(8080, 80, bind: "0.0.0.0")]),
        (["3000", "8080:80"], [forward(3000, 3000), forward(8080, 80)]),
        (["5432:db.internal:5432", "-r", "9"], [forward(9, 9), forward(5432, 5432, host: "db.internal")]),
        (["::1:80", "--bind", "::1"], []),
        (["[::1]:0:80"], [forward(0, 80, bind: "::1")]),
        (["8080:[fd00::2]:80", "--bind", "::1"], [forward(8080, 80, bind: "::1", host: "fd00::2")]),
        (["0.0.0.0:8080:80"], [forward(8080, 80, bind: "0.0.0.0")]),
        (["localhost:8080:10.0.0.9:80"], [forward(8080, 80, bind: "localhost", host: "10.0.0.9")]),
        (["--reverse", "5432"], [reverse("localhost", 5432, "127.0.0.1", 5432)]),
        (
            ["-R", "8080:3000", "-R", "0:db.local:80"],
            [
                reverse("localhost", 8080, "127.0.0.1", 3000), reverse("localhost", 0, "db.local", 80),
            ]
        ),
        (["-R", "0.0.0.0:8080:[::1]:80"], [reverse("0.0.0.0", 8080, "::1", 80)]),
        (["--socks", "1080", "80"], [forward(80, 80), socks("localhost", 1080)]),
        (["-D", "[::1]:0"], [socks("::1", 0)]),
        (["-D", "1080", "--bind", "0.0.0.0"], [socks("0.0.0.0", 1080)]),
        (
            ["-r", "3000", "-l", "28080", "--bind", "localhost", "-R", "28080:5432"],
            [forward(28080, 3000, bind: "localhost"), reverse("localhost", 28080, "127.0.0.1", 5432)]
        ),
        // A port of the box, and the same port of this machine.
        (["-R", "3000", "3000"], [forward(3000, 3000), reverse("localhost", 3000, "127.0.0.1", 3000)]),
    ])
    func portsArePaired(_ words: [String], _ expected: [PortForward]) throws {
        if expected.isEmpty {
            #expect(throws: UsageError.self) { try parse(words) }
        } else {
            #expect(try parse(words) == expected)
        }
    }

    @Test(
        arguments: [
            ([], "no port to forward. Name one of the box with --remote PORT"),
            (["--remote", "0"], "invalid --remote \"0\". Use a whole number from 1 to 65535"),
            (["--remote", "65536"], "invalid --remote \"65536\". Use a whole number from 1 to 65535"),
            (["--remote", "web"], "invalid --remote \"web\". Use a whole number from 1 to 65535"),
            (["--remote", "1", "--local", "-1"], "invalid --local \"-1\". Use a whole number from 0 to 65535"),
            (
                ["--remote", "1", "--remote", "2", "--local", "3"],
                "--remote was given 2 times and --local once. Give each --remote its --local, or none"
            ),
            (["--local", "3"], "--remote was given 0 times and --local once. Give each --remote its --local, or none"),
            (
                ["--remote", "1", "--remote", "2", "--local", "3", "--local", "3"],
                "the local port 3 is given twice. Choose another with --local"
            ),
            (["80", "80:81"], "the local port 80 is given twice. Choose another with --local"),
            (["80", "-D", "80"], "the local port 80 is given twice. Choose another with --local"),
            (["-R", "80", "-R", "80:81"], "the box's port 80 is given twice. Choose another"),
            (
                ["-R", "80:0"],
                "invalid --reverse \"80:0\". Use a port, or [BIND:]REMOTE:[HOST:]LOCAL, such as 8080:3000, with IPv6 addresses in brackets"
            ),
            (
                ["-D", "a:b:80"],
                "invalid --socks \"a:b:80\". Use [BIND:]PORT, such as 1080, with IPv6 addresses in brackets"
            ),
            (
                ["--remote", "1", "--bind", "a b"],
                "invalid --bind \"a b\". Use an address of this machine, such as 127.0.0.1"
            ),
        ] as [([String], String)])
    func portsThatMakeNoSense(_ words: [String], _ message: String) async {
        #expect(await CLI.run(["forward", "bx_1"] + words, in: fixture.current) == .usage)
        #expect(fixture.err.text == "error: \(message); run `box forward --help`\n")
        #expect(fixture.out.text == "")
    }

    @Test(arguments: [
        "", "0", "80:", ":80", "80:0", "70000:80", "1:2:3", "a:b", "a:1:b", "1:host:0", "a:1:b:2:c", "[::1:80",
        "[::1]80",
        "80:ho st:80", "a:1:\u{7}:2", "-1:80", "+1:80", "127.0.0.1:80",
    ])
    func wordsThatAreNoForwards(_ word: String) {
        #expect(ForwardOperand.parse(word, bind: "127.0.0.1") == nil)
    }

    @Test func aWrongWordIsNamed() async {
        #expect(await fixture.run("forward", "bx_1", "80:http") == 2)
        #expect(
            fixture.err.text
                == "error: invalid FORWARD \"80:http\". Use a port from 1 to 65535, or [BIND:]LOCAL:[HOST:]REMOTE, such as "
                + "8080:3000, with IPv6 addresses in brackets; run `box forward --help`\n")
    }

    // MARK: Runs

    @Test func eachPortIsALine() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access())
        fixture.ssh.onCarry(end: .interrupted(signal: SIGTERM), "interrupted")
        #expect(
            await fixture.run("forward", "bx_1", "--remote", "3000", "--local", "0", "5432:db:5433", "--json") == 143)
        #expect(
            fixture.out.lines == [
                #"{"event":"forwarding","id":"bx_1","local":{"host":"127.0.0.1","port":49152},"remote":{"host":"127.0.0.1","port":3000}}"#,
                #"{"event":"forwarding","id":"bx_1","local":{"host":"127.0.0.1","port":5432},"remote":{"host":"db","port":5433}}"#,
                #"{"event":"error","error":"interrupted"}"#,
            ])
        #expect(fixture.err.text == "")
        #expect(
            fixture.ssh.state.withLock(\.carried) == [
                SSHDestination(
                    boxID: "bx_1", host: "10.98.0.2", user: "user", keyPath: fixture.home + "/.ssh/ascii_box_ed25519",
                    knownHostsPath: fixture.home + "/.config/ascii/box/known_hosts")
            ])
    }

    @Test func peopleReadWhereItGoesAndWhatIsNotThere() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access())
        fixture.ssh.onCarry(
            refusals: [.connectionRefused, .notAllowed], end: .interrupted(signal: SIGINT), "interrupted")
        #expect(await fixture.run("forward", "bx_1", "--remote", "3000", "[::1]:8080:db:80") == 130)
        #expect(
            fixture.out.text == """
                forwarding 127.0.0.1:3000 -> bx_1:3000 (Ctrl-C ends it)
                forwarding [::1]:8080 -> db:80 from bx_1 (Ctrl-C ends it)

                """)
        #expect(
            fixture.err.text == """
                nothing listens on port 3000 in the box
                the box's SSH server doesn't allow forwarding to 127.0.0.1:3000

                """)
    }

    @Test func aTakenPortIsKnownBeforeTheServerIsAsked() async {
        let reason = "port 3000 of 127.0.0.1 is taken here; choose another with --local"
        fixture.ssh.state.withLock { $0.error = SSHError(.portUnavailable, reason) }
        #expect(await fixture.run("forward", "bx_1", "--remote", "3000", "--json") == 1)
        #expect(fixture.out.text == #"{"event":"error","error":"\#(reason)"}"# + "\n")
    }

    @Test func aConnectionThatIsNeverMadeIsAnError() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access())
        fixture.ssh.onCarry(connects: false, end: .connectionRefused, "bx_1 refused the connection")
        #expect(await fixture.run("forward", "bx_1", "--remote", "3000", "--json") == 255)
        #expect(fixture.out.text == #"{"event":"error","error":"bx_1 refused the connection"}"# + "\n")
    }

    @Test func aLostConnectionIsMadeAgainWhereTheBoxIsNow() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access()).on(
            "POST /boxes/bx_1/sshkey", 500, Answers.error(500, "internal_error", "Oops.")
        ).fail("POST /boxes/bx_1/sshkey").on("POST /boxes/bx_1/sshkey", access("10.98.0.7"))
            .on("POST /boxes/bx_1/sshkey", access("10.98.0.8"))
        fixture.ssh.onCarry(end: .connectionLost, "the connection was lost")
        fixture.ssh.onCarry(connects: false, end: .timedOut, "no answer")
        fixture.ssh.onCarry(end: .interrupted(signal: SIGINT), "interrupted")
        #expect(await fixture.run("forward", "bx_1", "--remote", "3000", "--json") == 130)
        let line =
            #"{"event":"forwarding","id":"bx_1","local":{"host":"127.0.0.1","port":3000},"remote":{"host":"127.0.0.1","port":3000}}"#
        #expect(
            fixture.out.lines == [
                line, #"{"event":"reconnecting","id":"bx_1","reason":"the connection was lost"}"#, line,
                #"{"event":"error","error":"interrupted"}"#,
            ])
        #expect(fixture.ssh.state.withLock { $0.carried.map(\.host) } == ["10.98.0.2", "10.98.0.7", "10.98.0.8"])
    }

    @Test(arguments: [
        (
            400, "machine_not_running", "box bx_1 is stopped", "box bx_1 is stopped. start it with `box resume bx_1`",
            255
        ),
        (404, "not_found", "not found", "bx_1 was deleted meanwhile", 255),
        (401, "unauthorized", "no.", "no. log in with `box login KEY`, or set BOX_API_KEY", 4),
    ])
    func aBoxThatIsGoneEndsIt(_ status: Int, _ code: String, _ said: String, _ message: String, _ exit: Int32) async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access()).on(
            "POST /boxes/bx_1/sshkey", status, Answers.error(status, code, said))
        fixture.ssh.onCarry(end: .connectionLost, "the connection was lost")
        #expect(await fixture.run("forward", "bx_1", "--remote", "3000") == exit)
        #expect(fixture.err.text == "the connection was lost. Connecting again\nerror: \(message)\n")
    }

    @Test func anotherHostKeyIsNotTriedAgain() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access()).on("POST /boxes/bx_1/sshkey", access())
        fixture.ssh.onCarry(end: .connectionLost, "lost")
        fixture.ssh.onCarry(connects: false, end: .hostKeyChanged, "the host key has changed")
        #expect(await fixture.run("forward", "bx_1", "--remote", "3000") == 255)
        #expect(fixture.err.text.hasSuffix("error: the host key has changed\n"))
    }
}
