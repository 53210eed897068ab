import BoxModel
import BoxSSH
import Glibc
import Synchronization
import Testing

@testable import BoxCLI

/// `ssh` and `scp`: the requests to the server and the calls of SSH.
@Suite struct SSHTests {
    let fixture = CLIFixture()
    let access = #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.98.0.2","sshUser":"user"}"#

    private func sessions() -> [SSHSession] { fixture.ssh.state.withLock(\.sessions) }

    @Test func theKeyIsRegisteredAndTheWordsAreKept() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        fixture.ssh.state.withLock { $0.status = 7 }
        #expect(await fixture.run("ssh", "bx_1", "--", "bash", "-lc", "cd x && npm test", "--json") == 7)
        #expect(fixture.transport.body(0) == #"{"key":"ssh-ed25519 AAAA box@test"}"#)
        let session = sessions().first
        #expect(session?.words == ["bash", "-lc", "cd x && npm test", "--json"])
        #expect(session?.wantsTerminal == false)
        #expect(
            session?.destination
                == SSHDestination(
                    boxID: "bx_1", host: "10.98.0.2", user: "user", keyPath: fixture.home + "/.ssh/ascii_box_ed25519",
                    knownHostsPath: fixture.home + "/.config/ascii/box/known_hosts"))
        #expect(fixture.out.text == "" && fixture.err.text == "")
    }

    /// A connection to the last known address starts while the API is asked for the current one.
    @Test func theLastAddressIsConnectedToAtOnce() async {
        func prepared() -> [String] { fixture.ssh.state.withLock { $0.prepared.map(\.host) } }
        func run(_ words: String..., at host: String = "10.98.0.2") async -> Int32 {
            fixture.transport.on("POST /boxes/bx_1/sshkey", access.replacing("10.98.0.2", with: host))
            return await CLI.run(words, in: fixture.current).rawValue
        }
        #expect(await run("ssh", "bx_1", "true") == 0)
        #expect(prepared() == [])
        #expect(await run("ssh", "bx_1", "true") == 0)
        #expect(await run("scp", "bx_1:x", ".") == 0)
        #expect(prepared() == ["10.98.0.2", "10.98.0.2"])
        // No SSH connection of `box` follows, or one with other settings.
        #expect(await run("proxy", "bx_1") == 0)
        #expect(await run("scp", "-C", "bx_1:x", ".") == 0)
        #expect(prepared().count == 2)
        #expect(await run("ssh", "bx_1", "true", at: "10.98.0.9") == 0)
        #expect(sessions().last?.destination.host == "10.98.0.9")
        fixture.transport.on("DELETE /boxes/bx_1", #"{"ok":true,"type":"box.deleted","id":"bx_1","status":"deleted"}"#)
        #expect(await fixture.run("delete", "bx_1", "--yes") == 0)
        #expect(await run("ssh", "bx_1", "true") == 0)
        #expect(prepared() == ["10.98.0.2", "10.98.0.2", "10.98.0.2"])
        // A pipe in place of the file doesn't block.
        let file = fixture.home + "/.local/state/ascii/box/addresses/bx_1"
        unlink(file)
        #expect(mkfifo(file, 0o600) == 0)
        #expect(await run("ssh", "bx_1", "true") == 0)
        #expect(prepared().count == 3)
    }

    @Test(arguments: [
        (["ssh", "bx_1"], true), (["ssh", "bx_1", "-T"], false), (["ssh", "bx_1", "ls"], false),
        (["ssh", "-t", "bx_1", "htop"], true),
    ])
    func aTerminalIsAskedForWhenItHelps(_ line: [String], _ expected: Bool) async {
        fixture.useTerminal()
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await CLI.run(line, in: fixture.current) == .success)
        #expect(sessions().first?.wantsTerminal == expected)
    }

    @Test func withoutATerminalHereNoneIsAskedFor() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run("ssh", "bx_1") == 0)
        #expect(sessions().first?.wantsTerminal == false)
    }

    @Test func aStoppedBoxNamesTheNextStep() async {
        fixture.transport.on(
            "POST /boxes/bx_1/sshkey", 400, Answers.error(400, "machine_not_running", "The box is stopped."))
        #expect(await fixture.run("ssh", "bx_1", "--json", "true") == 255)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"The box is stopped. start it with `box resume bx_1`","code":"machine_not_running","status":400}"#
                + "\n")
    }

    @Test func aStartingBoxIsWaitedFor() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", 409, Answers.error(409, "box_starting", "Starting."))
            .on("GET /boxes/bx_1", Answers.info("provisioning", id: "bx_1")).on(
                "GET /boxes/bx_1", Answers.info("ready", id: "bx_1")
            )
            .on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run("ssh", "bx_1", "true") == 0)
    }

    @Test func aFailedConnectionIs255() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        fixture.ssh.state.withLock { $0.error = SSHError(.connectionRefused, "bx_1 refused the connection") }
        #expect(await fixture.run("ssh", "bx_1", "--json", "true") == 255)
        #expect(fixture.out.text == #"{"event":"error","error":"bx_1 refused the connection"}"# + "\n")
    }

    @Test func ctrlCNeedsNoWords() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        fixture.ssh.state.withLock { $0.error = SSHError(.interrupted(signal: 2), "interrupted") }
        #expect(await fixture.run("ssh", "bx_1", "true") == 130)
        #expect(fixture.err.text == "")
    }

    @Test func copiesWithoutAConnectionAre255() async {
        fixture.transport.on(
            "POST /boxes/bx_1/sshkey", 400, Answers.error(400, "machine_not_running", "The box is stopped."))
        #expect(await fixture.run("scp", "a", "bx_1:", "--json") == 255)
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        fixture.ssh.state.withLock { $0.error = SSHError(.connectionRefused, "bx_1 refused the connection") }
        #expect(await fixture.run("scp", "a", "bx_1:", "--json") == 255)
        #expect(fixture.out.text == #"{"event":"error","error":"bx_1 refused the connection"}"# + "\n")
    }

    @Test(arguments: [
        (Int64(1_200_000), Int64(5_000_000), "a\u{FFFD}b: 1.2 MB of 5.0 MB (24%)"),
        (5, 5, "a\u{FFFD}b: 5 B of 5 B (100%)"),
        (512, 0, "a\u{FFFD}b: 512 B"), (7, 5, "a\u{FFFD}b: 7 B"),
    ])
    func progressTellsTheFilesSizeAndShare(_ bytes: Int64, _ size: Int64, _ expected: String) {
        var meter = CopyMeter()
        #expect(meter.text(CopyStep(file: "a\tb", bytes: bytes, size: size)) == expected)
    }

    @Test func progressTellsTheRateAndTheTimeLeft() {
        var meter = CopyMeter()
        let begun = ContinuousClock.now
        _ = meter.text(CopyStep(file: "a", bytes: 0, size: 90_000_000, allBytes: 10_000_000), at: begun)
        let step = CopyStep(file: "a", bytes: 20_000_000, size: 90_000_000, files: 3, allBytes: 30_000_000)
        #expect(
            meter.text(step, at: begun + .seconds(2))
                == "a: 20.0 MB of 90.0 MB (22%), 10.0 MB/s, 7s left; 3 files, 30.0 MB")
    }

    @Test func progressTellsTheTimeLeftOfEverything() {
        var meter = CopyMeter()
        let begun = ContinuousClock.now
        _ = meter.text(CopyStep(file: "a", bytes: 0, size: 5, allBytes: 0, allSize: 90_000_000), at: begun)
        let step = CopyStep(file: "a", bytes: 5, size: 5, files: 3, allBytes: 20_000_000, allSize: 90_000_000)
        #expect(
            meter.text(step, at: begun + .seconds(2))
                == "20.0 MB of 90.0 MB (22%), 10.0 MB/s, 7s left; 3 files; a: 5 B of 5 B (100%)")
    }

    @Test func scpFromBoxToBoxGoesThroughHere() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access).on("POST /boxes/bx_2/sshkey", access)
        #expect(await fixture.run("scp", "-r", "bx_1:dir/.", "bx_2:x", "--json") == 0)
        let jobs = fixture.ssh.state.withLock(\.jobs)
        #expect(jobs.map(\.direction) == [.download, .upload])
        #expect(jobs.map(\.destination.boxID) == ["bx_1", "bx_2"])
        #expect(jobs.last?.sources == [jobs[0].target + "/."] && jobs.last?.target == "x")
        #expect(Files.names(in: jobs[0].target).isEmpty)
    }

    @Test func scpToABox() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        #expect(await fixture.run("scp", "-rp", "a", "./b:c", "bx_1:/home/user/", "--json") == 0)
        #expect(fixture.out.text == #"{"event":"copied","files":1,"bytes":5}"# + "\n")
        let job = fixture.ssh.state.withLock { $0.jobs.first }
        #expect(job?.direction == .upload)
        #expect(job?.sources == ["a", "./b:c"])
        #expect(job?.target == "/home/user/")
        #expect(job?.isRecursive == true && job?.preservesTimes == true)
    }

    @Test func scpFromABox() async {
        fixture.transport.on("POST /boxes/bx_1/sshkey", access)
        fixture.ssh.state.withLock { $0.copied = CopyResult(files: 1, bytes: 5, failures: ["y: no such file"]) }
        #expect(await fixture.run("cp", "bx_1:x", "bx_1:y", ".", "--json") == 1)
        #expect(fixture.out.text == #"{"event":"error","error":"y: no such file"}"# + "\n")
        let job = fixture.ssh.state.withLock { $0.jobs.first }
        #expect(job?.direction == .download)
        #expect(job?.sources == ["x", "y"])
    }

    @Test(arguments: [
        (["a", "b"], "neither SRC nor DST is in a box. Write a path there as ID:PATH"),
        (["bx_1:a", "bx_2:b", "."], "every SRC must be in the same box"),
        (["bx_1:a", "b", "."], "every SRC must be in the same box"),
        (["-", "a", "bx_1:b"], "- can't be copied with other files"),
        (["-", "bx_1:"], "name the file that - becomes, as ID:PATH"),
        (["bx_1:a", "bx_1:b", "-"], "only one SRC can go to -"),
        (["--json", "bx_1:a", "-"], "- and --json both need standard output. Use one"),
        (["--resume", "bx_1:a", "-"], "a copy with - can't be resumed"),
        (["a"], "missing DST: box scp SRC... DST"),
    ])
    func operandsThatMakeNoSense(_ operands: [String], _ message: String) async {
        #expect(await CLI.run(["scp"] + operands, in: fixture.current) == .usage)
        #expect(fixture.err.text == "error: \(message); run `box scp --help`\n")
    }
}
