import BoxClient
import BoxSSH
import Glibc

/// The SSH operations, implemented with libssh2.
struct LiveSSH: SSHService {
    private let early = EarlyConnection()

    func publicKey(keyPath: String) throws -> String { try key(keyPath).publicKeyLine }

    private func key(_ path: String) throws -> ManagedKey {
        try ManagedKey.loadOrCreate(path: path, comment: "box@\(Dependencies.hostName)")
    }

    func prepare(_ destination: SSHDestination) {
        guard var target = try? target(destination) else { return }
        // Another machine may have the old address now, so only a pinned key is accepted.
        target.requiresPin = true
        early.begin(destination, target)
    }

    fileprivate func connect(_ destination: SSHDestination, compresses: Bool = false) throws -> SSHConnection {
        if !compresses, let connection = early.take(destination) { return connection }
        var target = try target(destination)
        target.compresses = compresses
        // A box that has just become ready may still be opening its port.
        return try SSHConnection.connect(to: target, retryRefusedFor: 3)
    }

    private func target(_ destination: SSHDestination) throws -> SSHTarget {
        SSHTarget(
            boxID: destination.boxID, host: destination.host, user: destination.user, key: try key(destination.keyPath),
            knownHostsPath: destination.knownHostsPath)
    }

    func run(_ session: SSHSession, notice: @escaping @Sendable (String) -> Void) throws -> Int32 {
        let terminal =
            session.wantsTerminal
            ? TerminalRequest(term: session.term, localTerminal: session.hasLocalTerminal ? STDIN_FILENO : nil) : nil
        let connection = try connect(session.destination, compresses: session.compresses)
        if !session.forwards.isEmpty {
            try BackgroundForwarding.start(session.forwards, to: target(session.destination)) {
                switch $0 {
                case .failed(let error): notice("the forwards don't work now: \(error.message). Trying again")
                case .worksAgain: notice("the forwards work again")
                }
            }
        }
        let exit = try connection.run(
            command: RemoteCommand.line(words: session.words), terminal: terminal,
            environment: session.environment.map { ($0.name, $0.value) }, isSubsystem: session.isSubsystem,
            stdin: session.hasInput ? STDIN_FILENO : -1)
        switch exit {
        case .code(let code): return code
        case .signal(let name): return ExitStatus(signal: name).rawValue
        }
    }

    func copy(_ job: CopyJob, progress: @escaping (CopyStep) -> Void) throws -> CopyResult {
        var copy = SFTPCopy(
            connection: try connect(job.destination, compresses: job.compresses), recursive: job.isRecursive,
            preserveTimes: job.preservesTimes, resumes: job.resumes,
            progress: {
                progress(
                    CopyStep(
                        file: $0.path, bytes: $0.fileBytes, size: $0.fileSize, files: $0.files, allBytes: $0.bytes,
                        allSize: $0.totalBytes))
            })
        copy.wantsTotal = job.isShown
        let report =
            switch job.direction {
            case .upload where job.sources == [CopyJob.stream]: try copy.upload(from: STDIN_FILENO, to: job.target)
            case .upload: try copy.upload(job.sources, to: job.target)
            case .download where job.target == CopyJob.stream:
                try copy.download(job.sources[0], into: STDOUT_FILENO)
            case .download: try copy.download(job.sources, to: job.target)
            }
        return CopyResult(
            files: report.files, bytes: report.bytes, failures: report.failures.map { "\($0.path): \($0.reason)" })
    }

    func relay(to destination: SSHDestination) throws {
        try TCPRelay(boxID: destination.boxID, host: destination.host).run(
            input: STDIN_FILENO, output: STDOUT_FILENO, retryRefusedFor: 3)
    }

    func hasSSHServer(boxID: String, host: String, within timeout: Duration) -> Bool {
        SSHBanner(boxID: boxID, host: host).arrives(within: timeout / .seconds(1))
    }

    func listen(_ forwards: [PortForward]) throws -> any PortForwarding {
        LivePortForwarding(ssh: self, forwarder: try Forwarder(forwards))
    }

    func forgetHost(boxID: String, knownHostsPath: String) throws {
        try KnownHosts(path: knownHostsPath).remove(boxID: boxID)
    }
}

private struct LivePortForwarding: PortForwarding {
    let ssh: LiveSSH
    let forwarder: Forwarder

    var forwards: [PortForward] { forwarder.forwards }

    func carry(
        to destination: SSHDestination, onConnect: () throws -> Void,
        onRefusal: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws -> Never {
        let loop = try forwarder.start(over: ssh.connect(destination), report: onRefusal)
        try onConnect()
        try loop.run()
    }
}
