import BoxEngine
import BoxModel
import Glibc
import HostTools
import Subprocess

/// The command line of an OCI runtime: what the machine's processes are made and ended with.
struct OCIRuntime: Sendable {
    /// The program: `runc`, `crun` or a path.
    let program: String
    /// Where the runtime keeps its state, on a tmpfs.
    let stateDirectory: String

    /// runc is done before collecting Go's garbage would pay, which takes a tenth of its time otherwise.
    static let environment = Environment.inherit.updating(["GOGC": "off"])

    /// Makes the machine's namespaces and its first process, which waits. Returns that process.
    ///
    /// Not with boxd's own umask: the machine's root, who is nobody on the host, has to pass through the parents of its cgroup. Before
    /// Linux 6.16 it can't mount it otherwise, and afterwards it couldn't read its limits.
    func create(_ id: String, bundle: String) async throws -> pid_t {
        let (pidFile, log) = ("\(bundle)/pid", "\(bundle)/runtime.log")
        unlink(log)
        let created = try await Tool.runDetaching(
            "sh",
            ["-c", #"umask 022; exec "$0" "$@""#, program] + globals(log)
                + ["create", "--bundle", bundle, "--pid-file", pidFile, id], environment: Self.environment)
        guard created else { throw failure("create", log) }
        guard let text = HostFiles.read(pidFile), let pid = pid_t(text) else {
            throw EngineError(.failed, "the OCI runtime did not say which process it made")
        }
        return pid
    }

    /// Lets the first process of a created machine run its command.
    func start(_ id: String, _ processes: MachineProcesses, bundle: String) async throws {
        if !program.hasSuffix("crun"), try await openFIFO(of: id, while: { processes.isAlive }) { return }
        let log = "\(bundle)/runtime.log"
        guard try await Tool.runDetaching(program, globals(log) + ["start", id], environment: Self.environment) else {
            throw failure("start", log)
        }
    }

    /// What `runc start` does, without the start of a Go program, which takes a tenth of what a machine takes to be ready.
    ///
    /// runc's first process opens this FIFO for writing as its last act before it runs the command, so it waits for whoever reads.
    /// While the file exists, runc takes the machine for one that isn't started.
    ///
    /// - Returns: false when there is no such FIFO, or nobody wrote to it; runc itself then knows what is wrong.
    private func openFIFO(of id: String, while alive: () -> Bool) async throws -> Bool {
        let path = "\(stateDirectory)/\(id)/exec.fifo"
        let fifo = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        guard fifo >= 0 else { return false }
        defer { close(fifo) }
        let deadline = ContinuousClock.now + Tool.patience
        var byte: UInt8 = 0
        while read(fifo, &byte, 1) != 1 {
            guard alive(), ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(1))
        }
        return unlink(path) == 0
    }

    func pause(_ id: String) async throws { try await run(["pause", id]) }

    func resume(_ id: String) async throws { try await run(["resume", id]) }

    /// The arguments that run a program in the machine as its root, with its own standard streams.
    func execArguments(_ id: String, _ command: [String]) -> [String] {
        // A machine that is frozen for a fork is one to wait for, and not to refuse, as runc would have it.
        let waiting = program.hasSuffix("crun") ? [] : ["--ignore-paused"]
        return globals() + ["exec"] + waiting + ["--user", "0:0", "--cwd", "/", id] + command
    }

    /// Removes the state and the cgroup of a machine, whose processes it kills if any are left. Harmless when it is missing.
    func delete(_ id: String) async throws {
        guard HostFiles.exists("\(stateDirectory)/\(id)") else { return }
        try await run(["delete", "--force", id])
    }

    /// A machine that the runtime knows.
    struct Entry: Sendable {
        let id: String
        /// The first process, when the machine runs.
        let process: pid_t?
        let isPaused: Bool
        /// The directory with the machine's configuration.
        let bundle: String
    }

    func list() async throws -> [Entry] {
        let output = try await listing()
        guard let entries = try? JSON.parse(output).array else { return [] }
        return entries.compactMap { entry in
            guard let id = entry["id"]?.string else { return nil }
            let isPaused = entry["status"]?.string == "paused"
            let runs = isPaused || entry["status"]?.string == "running"
            return Entry(
                id: id, process: runs ? entry["pid"]?.int.map { pid_t($0) } : nil, isPaused: isPaused,
                bundle: entry["bundle"]?.string ?? "")
        }
    }

    /// runc fails when a machine is removed while it goes through them, as one of a boxd that was killed may be.
    private func listing() async throws -> String {
        for _ in 1..<20 {
            do { return try await run(["list", "--format", "json"]) } catch is EngineError {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return try await run(["list", "--format", "json"])
    }

    @discardableResult
    private func run(_ arguments: [String]) async throws -> String {
        try await Tool.run(program, globals() + arguments, environment: Self.environment)
    }

    private func globals(_ log: String? = nil) -> [String] {
        ["--root", stateDirectory] + (log.map { ["--log", $0, "--log-format", "json"] } ?? [])
    }

    private func failure(_ action: String, _ log: String) -> EngineError {
        EngineError(
            .failed, "the OCI runtime could not \(action) the machine",
            diagnostics: "\(program) \(action): \(HostFiles.read(log)?.suffix(2000) ?? "no log")")
    }
}
