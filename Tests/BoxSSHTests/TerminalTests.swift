import Glibc
import Testing

@testable import BoxSSH

/// Serialized, because a process has at most one raw terminal at a time.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct TerminalTests {
    private func start(_ server: SSHServer, _ terminal: PseudoTerminal, _ command: String?) -> Worker<
        Result<RemoteExit, any Error>
    > {
        let fd = terminal.slave
        return Worker {
            Result {
                try server.connect().run(
                    command: command, terminal: TerminalRequest(term: "xterm-kitty", localTerminal: fd),
                    stdin: fd, stdout: fd, stderr: fd)
            }
        }
    }

    @Test func aSessionHasSizeTypeModesAndFollowsResizes() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let terminal = try PseudoTerminal(columns: 101, rows: 37)
        let session = start(
            server, terminal,
            """
            stty size; echo $TERM; tty; echo ready
            until [ "$(stty size)" = "11 55" ]; do sleep 0.02; done; stty size
            read y; echo got $y; exit 9
            """)
        #expect(terminal.shows("37 101\r\nxterm-kitty\r\n/dev/pts/"))
        #expect(terminal.shows("ready\r\n"))
        #expect(!terminal.isCooked)
        terminal.resize(columns: 55, rows: 11)
        // The kernel signals the terminal's own process group, to which this process doesn't belong.
        kill(getpid(), SIGWINCH)
        #expect(terminal.shows("11 55"))
        terminal.type("\u{1b}[31mred\n")
        #expect(terminal.shows("got \u{1b}[31mred"))
        #expect(try session.join().get() == .code(9))
        #expect(terminal.isCooked)
    }

    @Test func controlCReachesTheOtherSide() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let terminal = try PseudoTerminal()
        let session = start(
            server, terminal, "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.02; done")
        #expect(terminal.shows("ready"))
        terminal.type("\u{3}")
        #expect(terminal.shows("caught"))
        #expect(try session.join().get() == .code(3))
    }

    @Test func aShellEndsWithItsOwnCode() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let terminal = try PseudoTerminal()
        let session = start(server, terminal, nil)
        terminal.type("echo $((6*7)); exit 8\n")
        #expect(terminal.shows("42"))
        #expect(try session.join().get() == .code(8))
        #expect(terminal.isCooked)
    }

    @Test func tildeDotEndsASessionWhoseServerIsDead() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let terminal = try PseudoTerminal()
        let session = start(server, terminal, "echo ready; cat")
        #expect(terminal.shows("ready"))
        server.signalSessions(SIGSTOP)
        let started = monotonicSeconds()
        terminal.type("\r~.")
        let error = try #require(throws: SSHError.self) { try session.join().get() }
        #expect(error.kind == .closedByUser)
        #expect(monotonicSeconds() - started < 5)
        #expect(terminal.isCooked)
    }

    @Test func aLostConnectionRestoresTheTerminal() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let terminal = try PseudoTerminal()
        let session = start(server, terminal, "echo ready; cat")
        #expect(terminal.shows("ready"))
        server.signalSessions(SIGKILL)
        let error = try #require(throws: SSHError.self) { try session.join().get() }
        #expect(error.kind == .connectionLost)
        #expect(terminal.isCooked)
    }

    @Test func aPtyNeedsNoLocalTerminal() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let out = makePipe()
        let reader = Worker { readEverything(out.read) }
        let request = TerminalRequest(term: "dumb", localTerminal: nil, columns: 99, rows: 9)
        let exit = try server.connect().run(
            command: "stty size; echo err >&2", terminal: request, stdin: -1, stdout: out.write, stderr: -1)
        close(out.write)
        #expect(exit == .code(0))
        #expect(String(decoding: reader.join(), as: UTF8.self) == "9 99\r\nerr\r\n")
        close(out.read)
    }

    @Test func anEndingSignalRestoresTheTerminalAndThenEndsTheProcess() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let server = try SSHServer()
            let terminal = try PseudoTerminal()
            probedTerminal = terminal.slave
            // Replaces the default action, which would end the process. It sees what a shell would get.
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in
                var modes = termios()
                tcgetattr(probedTerminal, &modes)
                _exit(modes.c_lflag & tcflag_t(ECHO | ICANON) == tcflag_t(ECHO | ICANON) ? 42 : 43)
            }
            sigaction(SIGTERM, &action, nil)
            let fd = terminal.slave
            _ = Worker {
                Result {
                    try server.connect().run(
                        command: "echo ready; cat", terminal: TerminalRequest(localTerminal: fd),
                        stdin: fd, stdout: fd, stderr: fd)
                }
            }
            guard terminal.shows("ready"), !terminal.isCooked else { exit(44) }
            // Nothing runs after the signal.
            server.scratch.remove()
            kill(getpid(), SIGTERM)
            sleep(10)
            exit(45)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
    func withoutATerminalASignalIsPassedOn(_ signal: Int32) async {
        await #expect(processExitsWith: .exitCode(42)) { [signal] in
            let server = try SSHServer()
            let out = makePipe()
            let session = Worker {
                Result {
                    // bash ignores SIGQUIT, so another shell waits.
                    try server.connect().run(
                        command: "exec sh -c 'echo x; exec sleep 30'", stdin: -1, stdout: out.write, stderr: -1)
                }
            }
            var byte: UInt8 = 0
            _ = read(out.read, &byte, 1)
            kill(getpid(), signal)
            let result = session.join()
            server.stop()
            server.scratch.remove()
            let names = [SIGINT: "INT", SIGTERM: "TERM", SIGHUP: "HUP", SIGQUIT: "QUIT"]
            guard case .success(.signal(names[signal]!)) = result else { exit(43) }
            exit(42)
        }
    }

    @Test func aCommandMayHandleASignalItself() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let server = try SSHServer()
            let out = makePipe()
            let session = Worker {
                Result {
                    try server.connect().run(
                        command: "trap 'echo bye; exit 5' INT; echo x; while :; do sleep 0.05; done", stdin: -1,
                        stdout: out.write, stderr: -1)
                }
            }
            var line = [UInt8](repeating: 0, count: 2)
            _ = read(out.read, &line, 2)
            kill(getpid(), SIGINT)
            let result = session.join()
            close(out.write)
            let rest = String(decoding: readEverything(out.read), as: UTF8.self)
            server.stop()
            server.scratch.remove()
            guard case .success(.code(5)) = result, rest == "bye\n" else { exit(43) }
            exit(42)
        }
    }
}

private nonisolated(unsafe) var probedTerminal: Int32 = -1
