import Glibc
import Synchronization
import Testing

@testable import BoxSSH

/// OpenSSH's sshd on a loopback port, one `sshd -i` for each connection, with its own host key and authorised key.
///
/// The test itself listens, so that no other program can take the port, and it knows each connection's process.
final class SSHServer: Sendable {
    let scratch: Scratch
    let port: UInt16
    /// The key that the server accepts.
    let key: ManagedKey
    /// The directory in which file transfers start, like a box's login directory.
    let home: String
    private let listener: Int32
    /// Delays the accepting thread until it is closed; -1 when the port listens from the start.
    private let gate: Int32
    private let sessions: Sessions
    private let acceptor: Worker<Void>

    /// - Parameters:
    ///   - sftp: arguments of internal-sftp, such as `-R` for a read-only server.
    ///   - subsystem: a program that replaces SFTP.
    ///   - listens: false for a port that refuses until ``listenNow()``.
    init(sftp: String = "", subsystem: String? = nil, listens: Bool = true) throws {
        try #require(getuid() == 0, "these tests run sshd and need root")
        // These tests write to closed connections, also while no session that ignores the signal is running.
        signal(SIGPIPE, SIG_IGN)
        mkdir("/run/sshd", 0o755)
        let scratch = try Scratch()
        let key = try ManagedKey.loadOrCreate(home: scratch.directory("client"), comment: "test@client")
        let host = try ManagedKey.loadOrCreate(home: scratch.directory("host"), comment: "test@host")
        scratch.file("authorized", Array((key.publicKeyLine + "\n").utf8))
        let home = scratch.directory("home")
        let config = scratch.file(
            "sshd_config",
            Array(
                """
                HostKey \(host.privateKeyPath)
                AuthorizedKeysFile \(scratch.path)/authorized
                StrictModes no
                UsePAM no
                PidFile none
                PermitRootLogin prohibit-password
                PasswordAuthentication no
                AcceptEnv LANG LC_*
                PrintMotd no
                PrintLastLog no
                Subsystem sftp \(subsystem ?? "internal-sftp -d \(home) \(sftp)")

                """.utf8))
        let log = scratch.path + "/sshd.log"

        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(bound)
        if listens { try #require(listen(listener, 64) == 0) }
        let gate = makePipe()
        if listens { close(gate.write) }

        self.scratch = scratch
        self.key = key
        self.home = home
        self.listener = listener
        self.gate = listens ? -1 : gate.write
        port = UInt16(bigEndian: address.sin_port)
        let sessions = Sessions()
        self.sessions = sessions
        acceptor = Worker {
            var byte: UInt8 = 0
            _ = read(gate.read, &byte, 1)
            close(gate.read)
            while true {
                let fd = accept(listener, nil, nil)
                if fd < 0, errno == EINTR || errno == ECONNABORTED { continue }
                guard fd >= 0 else { return }
                _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
                let errors = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
                let child = spawn(["/usr/sbin/sshd", "-i", "-e", "-f", config], stdin: fd, stdout: fd, stderr: errors)
                close(fd)
                close(errors)
                sessions.children.withLock { $0.append(child) }
            }
        }
    }

    deinit { stop() }

    func listenNow() {
        listen(listener, 64)
        close(gate)
    }

    /// Stops the server and its connections. Harmless when they have ended.
    func stop() {
        guard sessions.stop() else { return }
        // This ends accept(2).
        shutdown(listener, Int32(SHUT_RDWR))
        acceptor.join()
        close(listener)
        for child in sessions.children.withLock({ $0 }) {
            kill(child.pid, SIGKILL)
            child.wait()
        }
    }

    var knownHosts: String { scratch.path + "/known/known_hosts" }

    func target(key: ManagedKey? = nil, user: String = "root", timeout: Double = 20, keepalive: Int = 15) -> SSHTarget {
        SSHTarget(
            boxID: "bx_testtest", host: "127.0.0.1", port: port, user: user, key: key ?? self.key,
            knownHostsPath: knownHosts, connectTimeout: timeout, keepaliveInterval: keepalive)
    }

    func connect(user: String = "root") throws -> SSHConnection { try SSHConnection.connect(to: target(user: user)) }

    /// The number of connections so far.
    var accepted: Int { sessions.children.withLock(\.count) }

    /// Sends a signal to every connection's process, except the first `first` ones.
    func signalSessions(_ signal: Int32, from first: Int = 0) {
        for child in sessions.children.withLock({ $0 }).dropFirst(first) { kill(child.pid, signal) }
    }
}

/// The connections' processes, shared with the accepting thread.
private final class Sessions: Sendable {
    let children = Mutex<[Child]>([])
    private let isStopped = Mutex(false)

    /// Marks the server as stopped; true the first time.
    func stop() -> Bool {
        isStopped.withLock { stopped in
            defer { stopped = true }
            return !stopped
        }
    }
}
