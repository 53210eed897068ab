import BoxEngine
import BoxModel
import Glibc
import HostTools
import Subprocess

/// The command line of an OCI runtime, which creates and ends the machines' processes.
struct OCIRuntime: Sendable {
    /// The program: `runc`, `crun` or a path.
    let program: String
    /// The directory of the runtime's state, on a tmpfs.
    let stateDirectory: String

    /// runc ends before a garbage collection by Go would help. Without this setting, that takes a tenth of its time.
    static let environment = Environment.inherit.updating(["GOGC": "off"])

    /// Creates the machine's namespaces and its first process, which waits. Returns that process.
    ///
    /// It doesn't use boxd's own umask. The machine's root, an unprivileged user on the host, must be able to enter the
    /// parent directories of its cgroup. Otherwise it can't mount the cgroup before Linux 6.16, and can't read its
    /// limits since.
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

    /// Does what `runc start` does. It saves the start of a Go program, a tenth of the time until a machine is ready.
    ///
    /// As its last act before the command, runc's first process opens this FIFO for writing, so it waits for a reader.
    /// While the file exists, runc considers the machine not started.
    ///
    /// - Returns: false when there is no such FIFO, or nothing was written to it. Then runc itself reports what is
    ///   wrong.
    private func openFIFO(of id: String, while alive: () -> Bool) async throws -> Bool {
        let path = "\(stateDirectory)/\(id)/exec.fifo"
        let fifo = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        guard fifo >= 0 else { return false }
        defer { close(fifo) }
        let deadline = ContinuousClock.now + Tool.standardTimeout
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
        // A command waits for a machine that is frozen for a fork. By default runc would refuse it.
        let waiting = program.hasSuffix("crun") ? [] : ["--ignore-paused"]
        return globals() + ["exec"] + waiting + ["--user", "0:0", "--cwd", "/", id] + command
    }

    /// Removes a machine's state and cgroup, and kills its remaining processes. Harmless when it doesn't exist.
    func delete(_ id: String) async throws {
        guard HostFiles.exists("\(stateDirectory)/\(id)") else { return }
        try await run(["delete", "--force", id])
    }

    /// A machine that the runtime lists.
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

    /// Lists machines. runc fails when one is removed meanwhile, as can happen after a boxd was killed.
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
