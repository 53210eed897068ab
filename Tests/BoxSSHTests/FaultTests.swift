import Glibc
import Testing

@testable import BoxSSH

/// Damaged connections cause no hang, no crash and no incomplete file that looks complete, but the right kind of error.
@Suite(.timeLimit(.minutes(20)), .serialized)
struct FaultTests {
    /// Every 997th byte with FAULTS=all, which takes some minutes; otherwise a tenth of these.
    private static let stride = 997 * (getenv("FAULTS") == nil ? 10 : 1)

    /// A command with output, an upload and a download, all on one connection.
    private struct Session {
        let server: SSHServer
        let bytes = noise(50_000)
        let local: String

        init() throws {
            server = try SSHServer()
            local = server.scratch.directory("local")
            writeFile(local + "/up", bytes)
            writeFile(server.home + "/down", bytes)
        }

        /// Returns the error that was thrown. Fails when a result is wrong without an error.
        func run(over port: UInt16, _ plan: FaultyLine.Plan?) -> SSHError? {
            unlink(server.home + "/up")
            unlink(local + "/down")
            var target = server.target(timeout: 4, keepalive: 2)
            target.port = port
            var failure: SSHError?
            do throws(SSHError) {
                let connection = try SSHConnection.connect(to: target)
                let out = makePipe()
                let reader = Worker { readEverything(out.read) }
                let exit = Result { () throws(SSHError) in
                    try connection.run(
                        command: "head -c 20000 /dev/zero; exit 7", stdin: -1, stdout: out.write, stderr: -1)
                }
                close(out.write)
                let output = reader.join()
                close(out.read)
                #expect(try exit.get() == .code(7), "\(plan as Any)")
                #expect(output.count == 20_000, "\(plan as Any)")
                let copy = SFTPCopy(connection: connection)
                #expect(
                    try copy.upload([local + "/up"], to: "up") == CopyReport(files: 1, bytes: 50_000), "\(plan as Any)")
                #expect(readFile(server.home + "/up") == bytes, "\(plan as Any)")
                #expect(
                    try copy.download(["down"], to: local + "/down") == CopyReport(files: 1, bytes: 50_000),
                    "\(plan as Any)")
                #expect(readFile(local + "/down") == bytes, "\(plan as Any)")
            } catch {
                failure = error
            }
            // The server may still be working. A file is either complete or doesn't exist.
            for path in [server.home + "/up", local + "/down"] {
                if let there = readFile(path) { #expect(there == bytes, "\(plan as Any): \(path) is short") }
            }
            return failure
        }
    }

    @Test func aLineInSmallPiecesWithPausesIsAsGood() throws {
        let session = try Session()
        defer { session.server.stop() }
        let line = try FaultyLine(to: session.server.port, piece: 997, pauseMicroseconds: 500)
        #expect(session.run(over: line.port, nil) == nil)
        line.stop()
    }

    @Test(arguments: [FaultyLine.Fault.cut, .corrupt], FaultyLine.Direction.allCases)
    func harmAnywhereIsAnError(_ fault: FaultyLine.Fault, _ direction: FaultyLine.Direction) throws {
        let session = try Session()
        defer { session.server.stop() }
        let whole = try FaultyLine(to: session.server.port)
        #expect(session.run(over: whole.port, nil) == nil)
        let length = whole.carried(direction)
        whole.stop()
        #expect(length > 50_000)
        for position in Swift.stride(from: 0, to: length - 997, by: Self.stride) {
            let plan = FaultyLine.Plan(fault: fault, direction: direction, position: position)
            let line = try FaultyLine(to: session.server.port, plan: plan)
            let begun = monotonicSeconds()
            let error = session.run(over: line.port, plan)
            line.stop()
            #expect(error != nil, "\(plan) went unnoticed")
            #expect(monotonicSeconds() - begun < 30, "\(plan) took too long")
            switch error?.kind {
            case .connectionLost, .timedOut, .protocolFailure, .hostKeyChanged, .authenticationRefused, .requestRefused:
                break
            default: Issue.record("\(plan): \(error as Any)")
            }
        }
    }

    @Test(arguments: FaultyLine.Direction.allCases)
    func silenceIsNoticed(_ direction: FaultyLine.Direction) throws {
        let session = try Session()
        defer { session.server.stop() }
        for position in [500, 30_000] {
            let plan = FaultyLine.Plan(fault: .silence, direction: direction, position: position)
            let line = try FaultyLine(to: session.server.port, plan: plan)
            let error = session.run(over: line.port, plan)
            line.stop()
            #expect(error?.kind == .connectionLost || error?.kind == .timedOut, "\(plan): \(error as Any)")
        }
    }
}
