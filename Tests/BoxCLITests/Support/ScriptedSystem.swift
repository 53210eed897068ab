import BoxSSH
import Glibc
import Synchronization
import Testing

@testable import BoxCLI

/// Scripted processes. A program that isn't in the script fails the test.
final class ScriptedProcesses: ProcessControl {
    struct State {
        var isRoot = true
        var programs: [String: String] = ["boxd": "/opt/boxd", "sudo": "/usr/bin/sudo"]
        var results: [(arguments: [String], result: ProcessResult)] = []
        var started: [[String]] = []
        var names: [Int32: String] = [:]
        var terminated: [Int32] = []
        /// Called when a process is started, for the effects of the start.
        var onStart: (@Sendable () -> Void)?
    }

    let state = Mutex(State())
    var ownPath: String { "/opt/box" }
    var isRoot: Bool { state.withLock(\.isRoot) }

    func expect(_ arguments: [String], status: Int32 = 0, output: String = "", errors: String = "") {
        let result = ProcessResult(status: status, output: Array(output.utf8), errors: Array(errors.utf8))
        state.withLock { $0.results.append((arguments, result)) }
    }

    func find(_ program: String) -> String? { state.withLock { $0.programs[program] } }

    func run(_ arguments: [String], capturesErrors: Bool) throws -> ProcessResult {
        let step = state.withLock { $0.results.isEmpty ? nil : $0.results.removeFirst() }
        guard let step, step.arguments == arguments else {
            Issue.record("unexpected program \(arguments); the script has \(step?.arguments ?? [])")
            return ProcessResult(status: 127)
        }
        return step.result
    }

    func startDetached(_ arguments: [String], log: String) throws -> Int32 {
        let onStart = state.withLock { state in
            state.started.append(arguments)
            state.names[4711] = "boxd"
            return state.onStart
        }
        onStart?()
        return 4711
    }

    func isAlive(_ process: Int32) -> Bool { state.withLock { $0.names[process] != nil } }
    func programName(of process: Int32) -> String? { state.withLock { $0.names[process] } }
    func terminate(_ process: Int32) {
        state.withLock { state in
            state.terminated.append(process)
            state.names[process] = nil
        }
    }
}

/// A scripted SSH service that records its calls.
final class ScriptedSSH: SSHService {
    struct State {
        var sessions: [SSHSession] = []
        var jobs: [CopyJob] = []
        var forgotten: [String] = []
        var status: Int32 = 0
        var error: SSHError?
        var copied = CopyResult(files: 1, bytes: 5)
        /// The results of `hasSSHServer`, in order.
        var banners: [Bool] = []
        var relays: [SSHDestination] = []
        var bannersSeen: [String] = []
        var forwards: [PortForward] = []
        var carries: [(connects: Bool, refusals: [ForwardRefusal], end: SSHError)] = []
        var carried: [SSHDestination] = []
        var prepared: [SSHDestination] = []
    }

    let state = Mutex(State())

    func publicKey(keyPath: String) -> String { "ssh-ed25519 AAAA box@test" }

    func prepare(_ destination: SSHDestination) { state.withLock { $0.prepared.append(destination) } }

    func run(_ session: SSHSession, notice: @escaping @Sendable (String) -> Void) throws -> Int32 {
        try state.withLock { state in
            if let error = state.error { throw error }
            state.sessions.append(session)
            return state.status
        }
    }

    func copy(_ job: CopyJob, progress: @escaping (CopyStep) -> Void) throws -> CopyResult {
        try state.withLock { state in
            if let error = state.error { throw error }
            state.jobs.append(job)
            return state.copied
        }
    }

    func relay(to destination: SSHDestination) throws {
        try state.withLock { state in
            if let error = state.error { throw error }
            state.relays.append(destination)
        }
    }

    func hasSSHServer(boxID: String, host: String, within timeout: Duration) -> Bool {
        state.withLock { state in
            state.bannersSeen.append("\(boxID) \(host)")
            return state.banners.isEmpty ? false : state.banners.removeFirst()
        }
    }

    func listen(_ forwards: [PortForward]) throws -> any PortForwarding {
        try state.withLock { state in
            if let error = state.error { throw error }
            state.forwards = forwards
        }
        return ScriptedForwarding(ssh: self, forwards: forwards)
    }

    /// Scripts the next call of `carry`.
    func onCarry(connects: Bool = true, refusals: [ForwardRefusal] = [], end kind: SSHError.Kind, _ message: String) {
        state.withLock { $0.carries.append((connects, refusals, SSHError(kind, message))) }
    }

    func forgetHost(boxID: String, knownHostsPath: String) { state.withLock { $0.forgotten.append(boxID) } }
}

/// A scripted forwarding. It chooses port 49152 for port 0.
private struct ScriptedForwarding: PortForwarding {
    let ssh: ScriptedSSH
    let forwards: [PortForward]

    init(ssh: ScriptedSSH, forwards: [PortForward]) {
        self.ssh = ssh
        self.forwards = forwards.map { forward in
            var forward = forward
            if forward.local.port == 0 { forward.local.port = 49152 }
            if forward.local.host == Endpoint.localhost { forward.local.host = Endpoint.loopback }
            return forward
        }
    }

    func carry(
        to destination: SSHDestination, onConnect: () throws -> Void,
        onRefusal: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws -> Never {
        let step = ssh.state.withLock { state in
            state.carried.append(destination)
            return state.carries.isEmpty ? nil : state.carries.removeFirst()
        }
        guard let step else {
            Issue.record("carried once more than the script says")
            throw SSHError(.interrupted(signal: SIGINT), "interrupted")
        }
        if step.connects { try onConnect() }
        for refusal in step.refusals { onRefusal(forwards[0], refusal) }
        throw step.end
    }
}
