import BoxClient
import BoxModel
import Glibc
import Testing

@testable import BoxCLI

/// `exec`, `cat`, `write` and `artifact`: a box's files and commands over the API.
@Suite struct FileCommandTests {
    let fixture = CLIFixture()

    private func finished(_ exit: String, _ more: String = "") -> String {
        #"{"ok":true,"type":"command.finished","success":true,"exitCode":\#(exit),"signal":null,"stdout":"out\n","stderr":"err\n","timedOut":false\#(more)}"#
    }

    // MARK: exec

    @Test func execPassesOutputAndStatus() async {
        fixture.transport.on("POST /boxes/bx_1/commands", finished("3"))
        #expect(await fixture.run("exec", "bx_1", "npm test") == 3)
        #expect(fixture.out.text == "out\n" && fixture.err.text == "err\n")
        #expect(fixture.transport.body(0) == #"{"command":"npm test"}"#)
    }

    @Test func severalWordsKeepTheirBoundaries() async {
        fixture.transport.on("POST /boxes/bx_1/commands", finished("0"))
        #expect(
            await fixture.run(
                "exec", "--cwd", "app", "--timeout", "300", "bx_1", "--", "bash", "-lc", "a && b", "--json")
                == 0)
        #expect(
            fixture.transport.body(0) == #"{"command":"bash -lc 'a && b' --json","cwd":"app","timeoutSeconds":300}"#)
        #expect(fixture.transport.sent[0].timeout == .seconds(330))
    }

    @Test func execForProgramsIsTheServersObject() async {
        fixture.transport.on("POST /boxes/bx_1/commands", finished("3", #","new":1.50"#))
        #expect(await fixture.run("--json", "exec", "bx_1", "x") == 0)
        #expect(
            fixture.out.text
                == #"{"success":true,"exitCode":3,"signal":null,"stdout":"out\n","stderr":"err\n","timedOut":false,"new":1.50}"#
                + "\n")
        #expect(fixture.err.text == "")
    }

    @Test(arguments: [
        (#""exitCode":124,"timedOut":true"#, Int32(124)), (#""exitCode":null,"signal":"SIGKILL""#, 137),
        (#""exitCode":256"#, 1), (#""exitCode":255"#, 255), (#""exitCode":null,"signal":"ODD""#, 128),
    ])
    func execStatuses(_ members: String, _ status: Int32) async {
        fixture.transport.on("POST /boxes/bx_1/commands", #"{"ok":true,"stdout":"","stderr":"",\#(members)}"#)
        #expect(await fixture.run("exec", "bx_1", "x") == status)
        let notice = "the command's time was up. give it more with --timeout, or use `box ssh`\n"
        #expect(fixture.err.text == (status == 124 ? notice : ""))
    }

    @Test func replacedBytesAreSaid() async {
        let answer = #"{"ok":true,"exitCode":0,"stdout":"a\ufffdb","stderr":""}"#
        fixture.transport.on("POST /boxes/bx_1/commands", answer)
        #expect(await fixture.run("exec", "bx_1", "cat x") == 0)
        #expect(fixture.out.text == "a\u{FFFD}b")
        #expect(
            fixture.err.text
                == "the output has bytes that aren't UTF-8, and they were replaced. --raw writes every byte\n")
        fixture.transport.on("POST /boxes/bx_1/commands", answer)
        #expect(await fixture.run("exec", "--json", "bx_1", "cat x") == 0)
        #expect(fixture.out.text.hasSuffix(#""stderr":"","hasReplacedBytes":true}"# + "\n"))
    }

    @Test func rawOutputIsEveryByte() async {
        let answer =
            #"{"ok":true,"exitCode":3,"stdout":"/wA=\nYQ==\n","stderr":"box-raw-1\n/w==\nYm","stderrTruncated":true}"#
        fixture.transport.on("POST /boxes/bx_1/commands", answer)
        #expect(await fixture.run("exec", "--raw", "bx_1", "cat x") == 3)
        #expect(fixture.out.bytes == [0xFF, 0, 0x61])
        #expect(fixture.err.bytes.first == 0xFF)
        let sent = fixture.transport.body(0) ?? ""
        #expect(sent.contains("exec python3 -c") && sent.contains(#"3<<'BOX_COMMAND_ENDS'\ncat x\nBOX_COMMAND_ENDS""#))
        fixture.transport.on("POST /boxes/bx_1/commands", answer)
        #expect(await fixture.run("exec", "--raw", "--json", "bx_1", "cat x") == 0)
        #expect(
            fixture.out.text.contains(#""stdout":"/wBh","stderr":"/w==""#)
                && fixture.out.text.contains(#""encoding":"base64""#))
        fixture.transport.on(
            "POST /boxes/bx_1/commands",
            #"{"ok":true,"exitCode":127,"stdout":"","stderr":"bash: python3: not found\n"}"#)
        #expect(await fixture.run("exec", "--raw", "bx_1", "cat x") == 255)
        #expect(fixture.err.text.contains("it needs bash and python3"))
    }

    @Test(arguments: [
        (#""exitCode":null,"signal":"SIGKILL""#, 137), (#""exitCode":143,"signal":"SIGTERM""#, 143),
        (#""signal":"TERM""#, 143), (#""exitCode":null,"signal":"SIGRTMIN+1""#, 128),
    ])
    func aSignalIsNeverTakenAsSuccess(_ members: String, _ status: Int32) async {
        fixture.transport.on("POST /boxes/bx_1/commands", #"{"ok":true,\#(members)}"#)
        #expect(await fixture.run("exec", "bx_1", "x") == status)
    }

    @Test func cutOutputIsSaid() async {
        fixture.transport.on("POST /boxes/bx_1/commands", finished("0", #","stdoutTruncated":true"#))
        #expect(await fixture.run("exec", "bx_1", "x") == 0)
        #expect(fixture.err.text == "err\nthe command's output was cut: there was too much of it\n")
    }

    @Test func execFailuresAreNotTheCommands() async {
        fixture.transport.on(
            "POST /boxes/bx_1/commands", 400, Answers.error(400, "machine_not_running", "It is stopped."))
        #expect(await fixture.run("exec", "bx_1", "x") == 255)
        #expect(fixture.err.text == "error: It is stopped. start it with `box resume bx_1`\n")
        fixture.transport.fail("POST /boxes/bx_1/commands", "reset", kind: .interrupted)
        #expect(await fixture.run("exec", "bx_1", "x", "--json") == 255)
        fixture.transport.on("POST /boxes/bx_1/commands", 401, #"{"error":"unauthorized"}"#)
        #expect(await fixture.run("exec", "bx_1", "x") == 4)
    }

    @Test func aBoxThatIsStartingIsWaitedFor() async {
        fixture.transport.on("POST /boxes/bx_1/commands", 409, Answers.error(409, "box_starting", "Wait."))
            .on("GET /boxes/bx_1", Answers.info("provisioning", id: "bx_1"))
            .on("GET /boxes/bx_1", Answers.info("ready", id: "bx_1"))
            .on("POST /boxes/bx_1/commands", finished("0"))
        #expect(await fixture.run("exec", "bx_1", "x") == 0)
        #expect(fixture.out.text == "out\n")
    }

    @Test(arguments: [
        (["exec", "bx_1"], "missing the command to run: box exec ID WORD..."),
        (
            ["exec", "bx_1", "--timeout", "601", "x"],
            "invalid --timeout \"601\". Use a whole number of seconds from 1 to 600"
        ),
        (["cat", "bx_1"], "missing PATH: box cat ID PATH"), (["cat", "bx_1", ""], "PATH is empty"),
        (
            ["cat", "bx_1", "a", "--encoding", "base64"],
            "--encoding is for --json. Without that the bytes are written as they are"
        ),
        (["cat", "bx_1", "a", "--json", "--encoding", "hex"], "invalid --encoding \"hex\". Use utf8 or base64"),
        (
            ["artifact", "bx_1", "a", "--json"],
            "with --json standard output is for JSON. Name a file with -o FILE"
        ),
    ])
    func badArguments(_ arguments: [String], _ message: String) async {
        #expect(await CLI.run(arguments, in: fixture.current).rawValue == 2)
        #expect(fixture.usageProblem == message)
        #expect(fixture.out.text == "" && fixture.transport.sent.isEmpty)
    }

    // MARK: cat and write

    @Test func catWritesEveryByte() async {
        fixture.transport.on(
            "GET /boxes/bx_1/files?path=a%20b&encoding=base64",
            #"{"ok":true,"type":"file.read","path":"a b","encoding":"base64","size":3,"content":"AP8K"}"#)
        #expect(await fixture.run("cat", "bx_1", "a b") == 0)
        #expect(fixture.out.bytes == [0, 0xFF, 0x0A])
        #expect(fixture.err.text == "")
    }

    @Test(arguments: [([], "utf8", "hi"), (["--encoding", "base64"], "base64", "aGk=")])
    func catForProgramsIsTheServersObject(_ options: [String], _ encoding: String, _ content: String) async {
        fixture.transport.on(
            "GET /boxes/bx_1/files?path=a&encoding=\(encoding)",
            #"{"ok":true,"type":"file.read","success":true,"path":"a","encoding":"\#(encoding)","size":2,"content":"\#(content)","x":1}"#
        )
        #expect(await CLI.run(["--json", "cat", "bx_1", "a"] + options, in: fixture.current) == .success)
        #expect(
            fixture.out.text
                == #"{"success":true,"path":"a","encoding":"\#(encoding)","size":2,"content":"\#(content)","x":1}"#
                + "\n")
    }

    @Test(arguments: [
        (
            404, "file_not_found",
            "file not found (404). check the path: without a leading slash it starts at /home/user"
        ),
        (400, "invalid_path", "invalid path. use one under /home/user or /tmp"),
        (400, "machine_not_running", "the box is not running. start it with `box resume bx_1`"),
    ])
    func fileErrors(_ status: Int, _ code: String, _ message: String) async {
        fixture.transport.on("GET /boxes/bx_1/files?path=a&encoding=utf8", status, #"{"error":"\#(code)"}"#)
        #expect(await fixture.run("--json", "cat", "bx_1", "a") == 1)
        #expect(
            fixture.out.text == #"{"event":"error","error":"\#(message)","code":"\#(code)","status":\#(status)}"# + "\n"
        )
        fixture.transport.on("PUT /boxes/bx_1/files", status, #"{"error":"\#(code)"}"#)
        #expect(await fixture.run("write", "bx_1", "a") == 1)
        #expect(fixture.err.text == "error: \(message)\n")
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", status, #"{"error":"\#(code)"}"#)
        #expect(await fixture.run("artifact", "bx_1", "a") == 1)
        #expect(fixture.err.text == "error: \(message)\n" && fixture.out.text == "")
    }

    @Test func writeTakesStandardInputOrAFile() async throws {
        let answer = #"{"ok":true,"type":"file.written","success":true,"path":"a/b","encoding":"utf8","size":3}"#
        fixture.transport.on("PUT /boxes/bx_1/files", answer)
        fixture.type("hi\n")
        #expect(await fixture.run("write", "bx_1", "a/b", "--json") == 0)
        #expect(fixture.out.text == #"{"success":true,"path":"a/b","encoding":"utf8","size":3}"# + "\n")
        #expect(fixture.transport.body(0) == #"{"path":"a/b","content":"hi\n","encoding":"utf8"}"#)
        try Files.replace(fixture.home + "/x", with: [0xFF, 0])
        fixture.transport.on("PUT /boxes/bx_1/files", answer)
        #expect(await fixture.run("write", "bx_1", "a/b", "--from", fixture.home + "/x") == 0)
        #expect(fixture.out.text == "a/b is written, 3 B\n")
        #expect(fixture.transport.body(1) == #"{"path":"a/b","content":"/wA=","encoding":"base64"}"#)
    }

    @Test func writeSendsStandardInputThatIsAFileFromWhereItStands() async throws {
        try Files.replace(fixture.home + "/x", with: Array("skip this".utf8))
        let descriptor = open(fixture.home + "/x", O_RDONLY)
        defer { close(descriptor) }
        lseek(descriptor, 5, SEEK_SET)
        fixture.change { $0.input = StandardInput(descriptor) }
        fixture.transport.on("PUT /boxes/bx_1/files", #"{"ok":true,"path":"a","size":4}"#)
        #expect(await fixture.run("write", "bx_1", "a") == 0)
        #expect(fixture.transport.body(0) == #"{"path":"a","content":"dGhpcw==","encoding":"base64"}"#)
        #expect(fixture.transport.sent[0].upload != nil)
    }

    @Test func writeTakesWhatIsNoRegularFileFromMemory() async {
        fixture.transport.on("PUT /boxes/bx_1/files", #"{"ok":true,"path":"a","size":0}"#)
        #expect(await fixture.run("write", "bx_1", "a", "--from", "/dev/null") == 0)
        #expect(fixture.transport.body(0) == #"{"path":"a","content":"","encoding":"utf8"}"#)
        #expect(fixture.transport.sent[0].upload == nil)
    }

    @Test func writeSaysWhatItCannotRead() async {
        let large = fixture.home + "/large"
        close(open(large, O_WRONLY | O_CREAT, 0o600))
        #expect(truncate(large, (64 << 20) + 1) == 0)
        #expect(await fixture.run("write", "bx_1", "a", "--from", large) == 1)
        #expect(fixture.err.text == "error: \(large) has more than 64 MiB. copy larger files with `box scp`\n")
        #expect(await fixture.run("write", "bx_1", "a", "--from", fixture.home) == 1)
        #expect(fixture.err.text == "error: could not read \(fixture.home): Is a directory\n")
        #expect(await fixture.run("write", "bx_1", "a", "--from", fixture.home + "/none") == 1)
        #expect(fixture.err.text == "error: there is no file \(fixture.home)/none. check the path\n")
        fixture.change { $0.input = TypedInput(bytes: [UInt8](repeating: 0, count: (64 << 20) + 1)) }
        #expect(await fixture.run("write", "bx_1", "a") == 1)
        #expect(fixture.err.text == "error: standard input has more than 64 MiB. copy larger files with `box scp`\n")
    }

    // MARK: artifact

    @Test func artifactsGoToStandardOutputOrAFile() async throws {
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [0, 1, 0xFF])
        #expect(await fixture.run("artifact", "bx_1", "a") == 0)
        #expect(fixture.out.bytes == [0, 1, 0xFF])
        let file = fixture.home + "/out"
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [0, 1])
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", file, "--json") == 0)
        #expect(fixture.out.text == #"{"path":"\#(file)","size":2}"# + "\n")
        #expect(try Files.read(file) == [0, 1])
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [2])
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", file) == 0)
        #expect(fixture.out.text == "\(file) is downloaded, 1 B\n")
        #expect(try Files.read(file) == [2])
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [])
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", file) == 0)
        #expect(try Files.read(file) == [])
    }

    @Test func aFailedDownloadLeavesTheFileAlone() async throws {
        let file = fixture.home + "/out"
        try Files.replace(file, with: [7])
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", 404, Answers.error(404, "file_not_found", "No a."))
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", file) == 1)
        #expect(fixture.err.text == "error: No a.\n")
        #expect(try Files.read(file) == [7])
        #expect(Files.names(in: fixture.home) == ["out"])
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", fixture.home) == 1)
        #expect(fixture.err.text == "error: could not write \(fixture.home): Is a directory\n")
    }

    @Test func devicesAreWrittenToAndNotReplaced() async {
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [1])
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", "/dev/null", "--json") == 0)
        #expect(fixture.out.text == #"{"path":"/dev/null","size":1}"# + "\n")
    }

    @Test func binaryDoesNotGoToATerminalByAccident() async {
        fixture.useTerminal()
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [65, 0])
        #expect(await fixture.run("artifact", "bx_1", "a") == 1)
        #expect(fixture.out.text == "")
        #expect(
            fixture.err.text
                == "error: the file is binary and could disturb the terminal. use -o FILE, or -o - to write it nevertheless\n"
        )
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [65, 0])
        #expect(await fixture.run("artifact", "bx_1", "a", "-o", "-") == 0)
        #expect(fixture.out.bytes == [65, 0])
        fixture.transport.on("GET /boxes/bx_1/artifacts?path=a", bytes: [65])
        #expect(await fixture.run("artifact", "bx_1", "a") == 0)
        #expect(fixture.out.text == "A")
    }
}
