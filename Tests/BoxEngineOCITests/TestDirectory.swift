import FoundationEssentials
import Glibc
import HostTools

@testable import BoxEngineOCI

/// A directory for one test. The test that creates it removes it.
struct TestDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/box-engine-tests-\(getpid())-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// A file's permission bits, owner and group, for example `600 0 0`.
func ownership(of path: String) async throws -> String {
    try await Tool.run("stat", ["--format=%a %u %g", path]).filter { $0 != "\n" }
}

/// A `sleep` process for one test, which ends it and waits for it.
struct Sleeper {
    let process: pid_t

    /// - Parameter name: the kernel's name of the process: that of the executed file.
    init(named name: String, in scratch: TestDirectory) throws {
        let path = "\(scratch.path)/\(name)"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/bin/sleep")
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, nil, nil, &arguments, nil)
        guard code == 0 else { throw HostFiles.failure("run", path, code: code) }
        self.process = process
    }

    func kill() { _ = Glibc.kill(process, SIGKILL) }

    func reap() {
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
