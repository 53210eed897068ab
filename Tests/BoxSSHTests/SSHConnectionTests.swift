import Glibc
import Testing

@testable import BoxSSH

@Suite(.timeLimit(.minutes(1)))
struct SSHConnectionTests {
    @Test func theFirstKeyIsPinnedForOpenSSHToo() throws {
        let server = try SSHServer()
        defer { server.stop() }
        _ = try server.connect()
        _ = try server.connect()
        let pinned = try #require(readText(server.knownHosts))
        #expect(pinned.hasPrefix("bx_testtest ssh-ed25519 AAAA"))
        #expect(pinned.split(separator: "\n").count == 1)
        #expect(status(server.knownHosts, "%a") == "600")
        #expect(status(server.scratch.path + "/known", "%a") == "700")

        let said = output(
            of: [
                "/usr/bin/ssh", "-F", "none", "-p", "\(server.port)", "-i", server.key.privateKeyPath, "-o",
                "BatchMode=yes",
                "-o", "HostKeyAlias=bx_testtest", "-o", "UserKnownHostsFile=\(server.knownHosts)",
                "-o", "StrictHostKeyChecking=yes", "root@127.0.0.1", "echo welcome",
            ], withErrors: true)
        #expect(said == "welcome\n")
    }

    @Test func aChangedHostKeyIsRefused() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let other = try ManagedKey.loadOrCreate(home: server.scratch.directory("other"), comment: "other")
        mkdir(server.scratch.path + "/known", 0o700)
        let line = "bx_testtest " + other.publicKeyLine + "\n"
        writeFile(server.knownHosts, Array(("# ours\n" + line).utf8))
        let error = try #require(throws: SSHError.self) { try server.connect() }
        #expect(error.kind == .hostKeyChanged)
        #expect(error.message.contains("bx_testtest"))
        #expect(error.message.contains("line 2 of \(server.knownHosts)"))
        #expect(error.message.split(separator: "SHA256:").count == 3)
        let known = KnownHosts(path: server.knownHosts)
        #expect(error.message.contains(KnownHosts.fingerprint(try known.pins(boxID: "bx_testtest")[0].key)))

        try known.remove(boxID: "bx_testtest")
        #expect(readText(server.knownHosts) == "# ours\n")
        _ = try server.connect()
    }

    @Test func anotherKeyIsRefused() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let other = try ManagedKey.loadOrCreate(home: server.scratch.directory("other"), comment: "other")
        let error = try #require(throws: SSHError.self) { try SSHConnection.connect(to: server.target(key: other)) }
        #expect(error.kind == .authenticationRefused)
        #expect(error.message.contains("ascii_box_ed25519"))
        #expect(!error.message.contains("PRIVATE"))
    }

    @Test func aRefusedPortIsSaidAtOnceOrWaitedFor() throws {
        let server = try SSHServer(listens: false)
        defer { server.stop() }
        let error = try #require(throws: SSHError.self) { try server.connect() }
        #expect(error.kind == .connectionRefused)
        #expect(error.message.contains("box info bx_testtest"))
        let boot = Worker {
            usleep(300_000)
            server.listenNow()
        }
        let connection = try SSHConnection.connect(to: server.target(), retryRefusedFor: 30)
        #expect(try connection.run(command: "exit 2", stdin: -1, stdout: -1, stderr: -1) == .code(2))
        boot.join()
    }

    @Test func aServerThatNeverSpeaksTimesOut() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let (listener, port) = try listenOnLoopback()
        defer { close(listener) }
        var target = server.target(timeout: 0.4)
        target.port = port
        let started = monotonicSeconds()
        let error = try #require(throws: SSHError.self) { try SSHConnection.connect(to: target) }
        #expect(error.kind == .timedOut)
        #expect(monotonicSeconds() - started < 5)
    }

    @Test func aServerThatHangsUpIsALostConnection() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let (listener, port) = try listenOnLoopback()
        let closer = Worker { close(accept(listener, nil, nil)) }
        var target = server.target()
        target.port = port
        let error = try #require(throws: SSHError.self) { try SSHConnection.connect(to: target) }
        #expect(error.kind == .connectionLost)
        _ = closer.join()
        close(listener)
    }

    @Test func anUnknownHostIsSaid() throws {
        let server = try SSHServer()
        defer { server.stop() }
        var target = server.target()
        target.host = "no such host"
        let error = try #require(throws: SSHError.self) { try SSHConnection.connect(to: target) }
        #expect(error.kind == .unknownHost)
    }

    @Test(arguments: [SIGKILL, SIGSTOP]) func aDeadServerEndsTheCommand(signal: Int32) throws {
        let server = try SSHServer()
        defer { server.stop() }
        let connection = try SSHConnection.connect(to: server.target(keepalive: 2))
        let out = makePipe()
        let killer = Worker {
            var byte: UInt8 = 0
            _ = read(out.read, &byte, 1)
            server.signalSessions(signal)
        }
        // A stopped server is detected by three keepalives without an answer, here two seconds apart.
        let error = try #require(throws: SSHError.self) {
            try connection.run(command: "echo x; sleep 20", stdin: -1, stdout: out.write, stderr: -1)
        }
        #expect(error.kind == .connectionLost)
        killer.join()
        close(out.read)
        close(out.write)
    }

    private func listenOnLoopback() throws -> (fd: Int32, port: UInt16) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, length) == 0 && getsockname(fd, $0, &length) == 0
            }
        }
        try #require(bound && listen(fd, 8) == 0)
        return (fd, UInt16(bigEndian: address.sin_port))
    }
}
