import BoxEngine
import BoxModel
import Glibc
import HostTools

/// The command line of an OCI runtime: what the machine's processes are made and ended with.
struct OCIRuntime: Sendable {
    /// The program: `runc`, `crun` or a path.
    let program: String
    /// Where the runtime keeps its state, on a tmpfs.
    let stateDirectory: String

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
                + ["create", "--bundle", bundle, "--pid-file", pidFile, id])
        guard created else { throw failure("create", log) }
        guard let text = HostFiles.read(pidFile), let pid = pid_t(text) else {
            throw EngineError(.failed, "the OCI runtime did not say which process it made")
        }
        return pid
    }

    /// Lets the first process of a created machine run its command.
    func start(_ id: String, bundle: String) async throws {
        let log = "\(bundle)/runtime.log"
        guard try await Tool.runDetaching(program, globals(log) + ["start", id]) else { throw failure("start", log) }
    }

    func pause(_ id: String) async throws { try await Tool.run(program, globals() + ["pause", id]) }

    func resume(_ id: String) async throws { try await Tool.run(program, globals() + ["resume", id]) }

    /// The arguments that run a program in the machine as its root, with its own standard streams.
    func execArguments(_ id: String, _ command: [String]) -> [String] {
        // A machine that is frozen for a fork is one to wait for, and not to refuse, as runc would have it.
        let waiting = program.hasSuffix("crun") ? [] : ["--ignore-paused"]
        return globals() + ["exec"] + waiting + ["--user", "0:0", "--cwd", "/", id] + command
    }

    /// Removes the state and the cgroup of a machine, whose processes it kills if any are left. Harmless when it is missing.
    func delete(_ id: String) async throws {
        guard HostFiles.exists("\(stateDirectory)/\(id)") else { return }
        try await Tool.run(program, globals() + ["delete", "--force", id])
    }

    /// A machine that the runtime knows.
    struct Entry: Sendable {
        let id: String
        /// The first process, when the machine runs.
        let process: pid_t?
        let isPaused: Bool
    }

    func list() async throws -> [Entry] {
        let output = try await Tool.run(program, globals() + ["list", "--format", "json"])
        guard let entries = try? JSON.parse(output).array else { return [] }
        return entries.compactMap { entry in
            guard let id = entry["id"]?.string else { return nil }
            let isPaused = entry["status"]?.string == "paused"
            let runs = isPaused || entry["status"]?.string == "running"
            return Entry(id: id, process: runs ? entry["pid"]?.int.map { pid_t($0) } : nil, isPaused: isPaused)
        }
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
