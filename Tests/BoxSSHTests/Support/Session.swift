import Glibc

@testable import BoxSSH

/// The result of a command, with the outputs from its pipes.
struct SessionResult: Sendable {
    let exit: RemoteExit
    let out: [UInt8]
    let err: [UInt8]

    var text: String { String(decoding: out, as: UTF8.self) }
    var errorText: String { String(decoding: err, as: UTF8.self) }
}

extension SSHServer {
    /// Runs one command over a new connection and stops the server. Writes all of `input`, and reads both outputs to
    /// their ends.
    ///
    /// - Parameter readsAfter: the seconds in which nothing reads the outputs.
    func run(
        _ command: String?, input: [UInt8] = [], environment: [(String, String)] = [],
        isSubsystem: Bool = false, readsAfter: Double = 0
    ) throws -> SessionResult {
        defer { stop() }
        let connection = try connect()
        let (stdin, stdout, stderr) = (makePipe(), makePipe(), makePipe())
        let writer = Worker {
            // The reader may close early. The session under test ignores SIGPIPE for the whole process.
            input.withUnsafeBytes { writeEverything(stdin.write, $0) }
            close(stdin.write)
        }
        let readers = [stdout, stderr].map { ends in
            Worker {
                usleep(UInt32(readsAfter * 1e6))
                return readEverything(ends.read)
            }
        }
        let result = Result {
            try connection.run(
                command: command, environment: environment, isSubsystem: isSubsystem, stdin: stdin.read,
                stdout: stdout.write,
                stderr: stderr.write)
        }
        close(stdin.read)
        close(stdout.write)
        close(stderr.write)
        writer.join()
        let outputs = readers.map { $0.join() }
        close(stdout.read)
        close(stderr.read)
        return SessionResult(exit: try result.get(), out: outputs[0], err: outputs[1])
    }
}
