import Glibc
import Testing

@testable import BoxCLI

/// The real implementation, with `/bin/sh` as the other program.
@Suite struct LiveProcessesTests {
    let processes = LiveProcesses(environment: ["PATH": "/usr/bin:/bin", "WORD": "hello"])

    @Test func outputErrorsAndStatusAreKept() throws {
        let script = "echo $WORD; echo bad >&2; exit 7"
        let result = try processes.run(["/bin/sh", "-c", script], capturesErrors: true)
        #expect(result == ProcessResult(status: 7, output: Array("hello\n".utf8), errors: Array("bad\n".utf8)))
        #expect(try processes.run(["/bin/sh", "-c", "kill -TERM $$"], capturesErrors: true).status == 143)
    }

    @Test func largeOutputOnBothBlocksNobody() throws {
        let script = "head -c 300000 /dev/zero >&2; head -c 400000 /dev/zero"
        let result = try processes.run(["/bin/sh", "-c", script], capturesErrors: true)
        #expect(result.output.count == 400_000)
        #expect(result.errors.count == 300_000)
    }

    @Test func aMissingProgramIsAnError() {
        #expect(throws: CommandError.self) { try processes.run(["/nonexistent/program"], capturesErrors: true) }
        #expect(processes.find("no-such-program-anywhere") == nil)
        #expect(processes.find("sh")?.hasSuffix("/sh") == true)
    }

    @Test func aDetachedProgramHasItsOwnSessionAndLog() async throws {
        let fixture = CLIFixture(loggedIn: false)
        let log = fixture.home + "/log"
        let process = try processes.startDetached(
            ["/bin/sh", "-c", "echo to the log; echo errors >&2; exec sleep 60"], log: log)
        #expect(getsid(process) == process)
        var text: [UInt8]?
        while (text?.count ?? 0) < 18 {
            try await Task.sleep(for: .milliseconds(5))
            text = try Files.read(log)
        }
        #expect(text.map { String(decoding: $0, as: UTF8.self) } == "to the log\nerrors\n")
        #expect(processes.isAlive(process))
        try processes.terminate(process)
        while processes.isAlive(process) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(processes.programName(of: process) == nil)
    }
}
