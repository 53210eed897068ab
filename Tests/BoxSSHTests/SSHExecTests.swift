import Glibc
import Testing

@testable import BoxSSH

@Suite(.timeLimit(.minutes(1)))
struct SSHExecTests {
    @Test func streamsAreSeparateAndTheExitCodeArrives() throws {
        let result = try SSHServer().run("echo out; echo err >&2; exit 7")
        #expect(result.exit == .code(7))
        #expect(result.text == "out\n")
        #expect(result.errorText == "err\n")
    }

    @Test func aSignalIsNamed() throws {
        #expect(try SSHServer().run("kill -TERM $$").exit == .signal("TERM"))
    }

    @Test func aLoginShellRunsWithoutACommand() throws {
        let result = try SSHServer().run(nil, input: Array("echo from the shell; exit 3\n".utf8))
        #expect(result.exit == .code(3))
        #expect(result.text.contains("from the shell"))
    }

    @Test func inputToItsEndThenFiveMegabytesOnEachOutput() throws {
        let script = """
            cat > /dev/null
            head -c 5000000 /dev/zero | tr '\\0' o & head -c 5000000 /dev/zero | tr '\\0' e >&2
            wait; exit 7
            """
        let result = try SSHServer().run(script, input: noise(5_000_000), readsAfter: 0.2)
        #expect(result.exit == .code(7))
        #expect(result.out == [UInt8](repeating: UInt8(ascii: "o"), count: 5_000_000))
        #expect(result.err == [UInt8](repeating: UInt8(ascii: "e"), count: 5_000_000))
    }

    @Test func sixtyFourMegabytesThroughCatComeBackWhole() throws {
        let bytes = noise(64 << 20)
        let result = try SSHServer().run("cat", input: bytes)
        #expect(result.exit == .code(0))
        #expect(result.out == bytes)
    }

    @Test func aScriptComesThroughStandardInput() throws {
        let script = "set -e\necho \"$1\"\nexit 4\n"
        let result = try SSHServer().run(RemoteCommand.line(words: ["bash", "-s", "a b"]), input: Array(script.utf8))
        #expect(result.exit == .code(4))
        #expect(result.text == "a b\n")
    }

    @Test func wordsKeepTheirBoundaries() throws {
        let words = ["", "a b", "it's", "\"$HOME\"", "*", "\\", "line\nbreak", "ä\u{301}'", "-n", "~", "a;b&c|d"]
        let result = try SSHServer().run(RemoteCommand.line(words: ["printf", "%s\\0"] + words))
        #expect(result.text == words.map { $0 + "\0" }.joined())
        #expect(RemoteCommand.line(words: []) == nil)
        #expect(RemoteCommand.line(words: ["cd x && ls"]) == "cd x && ls")
    }

    @Test func inputThatNeverEndsDoesNotHoldTheEnd() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try server.connect()
        let input = makePipe()
        defer { close(input.read); close(input.write) }
        #expect(try connection.run(command: "exit 5", stdin: input.read, stdout: -1, stderr: -1) == .code(5))
    }

    @Test func closedDescriptorsAreEndsOfInputAndNobodysOutput() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try server.connect()
        #expect(
            try connection.run(command: "cat; echo x; echo y >&2; exit 6", stdin: -1, stdout: -1, stderr: 9999)
                == .code(6))
    }

    @Test func writingToAReaderThatWentAwayEndsTheSession() throws {
        let (exit, first) = try runWithReaderOfOneByte("yes")
        #expect(exit == .signal("PIPE"))
        #expect(first == UInt8(ascii: "y"))
    }

    @Test func aQuietCommandGoesOnWithoutItsReader() throws {
        #expect(try runWithReaderOfOneByte("echo; sleep 0.3; exit 4").exit == .code(4))
    }

    private func runWithReaderOfOneByte(_ command: String) throws -> (exit: RemoteExit, first: UInt8) {
        let server = try SSHServer()
        defer { server.stop() }
        let out = makePipe()
        let reader = Worker {
            var byte: UInt8 = 0
            _ = read(out.read, &byte, 1)
            close(out.read)
            return byte
        }
        defer { close(out.write) }
        let exit = try server.connect().run(command: command, stdin: -1, stdout: out.write, stderr: -1)
        return (exit, reader.join())
    }

    @Test func theCallersDescriptorsKeepTheirFlags() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try server.connect()
        let (input, out) = (makePipe(), makePipe())
        close(input.write)
        let before = [input.read, out.write].map { fcntl($0, F_GETFL) }
        let nonBlockingMeanwhile = Worker {
            // "x" shows that the session is running.
            var byte: UInt8 = 0
            _ = read(out.read, &byte, 1)
            return [input.read, out.write].contains { fcntl($0, F_GETFL) & O_NONBLOCK != 0 }
        }
        #expect(
            try connection.run(command: "echo x; sleep 0.2", stdin: input.read, stdout: out.write, stderr: -1)
                == .code(0))
        #expect(!nonBlockingMeanwhile.join())
        #expect([input.read, out.write].map { fcntl($0, F_GETFL) } == before)
        for fd in [input.read, out.read, out.write] { close(fd) }
    }

    @Test func socketsAndFilesWorkAsStreams() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let bytes = noise(3_000_000)
        let source = open(server.scratch.file("in", bytes), O_RDONLY | O_CLOEXEC)
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let reader = Worker { [fd = ends[1]] in readEverything(fd) }
        #expect(try server.connect().run(command: "cat", stdin: source, stdout: ends[0], stderr: -1) == .code(0))
        close(ends[0])
        #expect(reader.join() == bytes)
        close(ends[1])
        close(source)
    }

    @Test func variablesArriveAlsoThoseThatTheServerDoesNotAccept() throws {
        let result = try SSHServer().run(
            "echo \"$LC_BOX:$OTHER\"", environment: [("OTHER", "it's $HOME"), ("LC_BOX", "yes")])
        #expect(result.text == "yes:it's $HOME\n")
        let error = try #require(throws: SSHError.self) { try SSHServer().run("true", environment: [("A;B", "x")]) }
        #expect(error.kind == .invalidRequest)
    }

    @Test(arguments: [31_900, 32_100, 100_000, 120_000, 1_000_000])
    func aLongCommandRunsAsAnyOther(_ length: Int) throws {
        let tail = "\necho \"end $#\" $OTHER; cat; exit 7"
        let command = "# " + String(repeating: "ä", count: (length - tail.utf8.count) / 2 - 1) + tail
        let result = try SSHServer().run(command, input: Array("its own input".utf8), environment: [("OTHER", "x")])
        #expect(result.exit == .code(7))
        #expect(result.text == "end 0 x\nits own input")
        #expect(result.errorText == "")
    }

    @Test(arguments: ["bash", "dash", "zsh", "fish", "tcsh", "ksh"])
    func everyLoginShellReadsALongCommand(_ shell: String) throws {
        let program = ["/bin/", "/usr/bin/"].map { $0 + shell }.first { access($0, X_OK) == 0 }
        guard let program else { return }
        let scratch = try Scratch()
        let file = scratch.file("a command", Array("echo 'one $x'\nsh -c 'cat; exit 5'\n".utf8))
        let input = scratch.file("input", Array("its own input\n".utf8))
        let line = LongCommand.line(reading: file)
        let run = "SHELL=\(program) \(program) -c \(RemoteCommand.quoted(line)) <\(input); echo $?"
        #expect(output(of: ["/bin/sh", "-c", run], withErrors: true) == "one $x\nits own input\n5\n")
        #expect(names(in: scratch.path) == ["input"])
    }

    @Test func aSubsystemIsNoCommand() throws {
        let result = try SSHServer(subsystem: "/bin/cat").run("sftp", input: Array("to cat".utf8), isSubsystem: true)
        #expect(result.text == "to cat")
    }

    @Test func rsyncsOwnLineIsLeftAsItIs() {
        let line = ["rsync", "--server", "-logDtpre.iLsfxCIvu", ".", "~/a\\ b"]
        #expect(RemoteCommand.line(words: line) == "rsync --server -logDtpre.iLsfxCIvu . ~/a\\ b")
        #expect(
            RemoteCommand.line(words: ["sudo /usr/bin/rsync", "--server", "*"]) == "sudo /usr/bin/rsync --server *")
        #expect(RemoteCommand.line(words: ["notrsync", "--server", "*"]) == "notrsync --server '*'")
        #expect(RemoteCommand.line(words: ["rsync", "a b"]) == "rsync 'a b'")
    }

    @Test func aCommandThatCannotFitIsRefusedWithTheWayOut() throws {
        let error = try #require(throws: SSHError.self) { try SSHServer().run(String(repeating: "x", count: 2 << 20)) }
        #expect(error.kind == .invalidRequest)
        #expect(error.message.contains("bash -s"))
    }

    /// A loop that polls for an event that it doesn't handle would use the CPU for the whole second.
    @Test(arguments: ["sleep 1", "head -c 20000000 /dev/zero", "head -c 20000000 /dev/zero >&2"])
    func waitingCostsNothing(command: String) throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try server.connect()
        let (input, out, err) = (makePipe(), makePipe(), makePipe())
        // Nothing reads or writes for a second.
        let readers = [out, err].map { ends in
            Worker {
                sleep(1)
                return readEverything(ends.read).count
            }
        }
        var before = timespec()
        var after = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
        #expect(
            try connection.run(command: command, stdin: input.read, stdout: out.write, stderr: err.write) == .code(0))
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
        let seconds = Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9
        #expect(seconds < 0.5)
        close(out.write)
        close(err.write)
        #expect(readers.map { $0.join() }.reduce(0, +) == (command.hasPrefix("head") ? 20_000_000 : 0))
        for fd in [input.read, input.write, out.read, err.read] { close(fd) }
    }

    @Test func commandsFollowEachOtherOnOneConnection() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try server.connect()
        for code in Int32(1)...5 {
            #expect(try connection.run(command: "exit \(code)", stdin: -1, stdout: -1, stderr: -1) == .code(code))
        }
    }

    @Test func aFullDiskIsAnError() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try server.connect()
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let error = try #require(throws: SSHError.self) {
            try connection.run(command: "echo x", stdin: -1, stdout: full, stderr: -1)
        }
        #expect(error.kind == .localFailure(errno: ENOSPC))
    }
}
