import Glibc
import Synchronization
import Testing

@testable import BoxSSH

/// More SSH connections, for openings that wait for each other.
@Suite(.timeLimit(.minutes(1)))
struct ConnectionPoolTests {
    /// A line on which each answer takes 20 ms, which makes a forwarder use more connections.
    private func slowRun(_ server: SSHServer, to port: UInt16) throws -> (ForwardRun, FaultyLine) {
        let line = try FaultyLine(to: server.port, pauseMicroseconds: 20_000)
        var target = server.target()
        target.port = line.port
        let forward = PortForward(local: Endpoint(port: 0), remote: Endpoint(port: port))
        return (try ForwardRun(target, [forward]), line)
    }

    private func exchangeAll(_ count: Int, with port: UInt16) -> Int {
        let workers = (0..<count).map { number in
            Worker {
                let bytes = noise(5000, seed: UInt64(number + 1))
                return exchange(bytes, with: port) == bytes
            }
        }
        return workers.count { $0.join() }
    }

    @Test func openingsFromAfarGetMoreConnections() throws {
        let server = try SSHServer()
        let service = try TCPService(echo)
        let (run, line) = try slowRun(server, to: service.port)
        #expect(exchangeAll(60, with: run.port) == 60)
        #expect((3...16).contains(server.accepted))
        // The connections are kept for later requests.
        let before = server.accepted
        #expect(exchange([1], with: run.port) == [1])
        #expect(server.accepted == before)
        run.stop(server)
        line.stop()
        service.stop()
    }

    @Test func theEndOfOneOfThemBreaksOnlyItsOwn() throws {
        let server = try SSHServer()
        let service = try TCPService(echo)
        let (run, line) = try slowRun(server, to: service.port)
        #expect(exchangeAll(40, with: run.port) == 40)
        try #require(server.accepted > 2)
        let open = (0..<20).map { _ in dial(run.port) }
        var byte: UInt8 = 0
        func answers(_ fd: Int32) -> Bool { send(fd, "x", 1, Int32(MSG_NOSIGNAL)) == 1 && read(fd, &byte, 1) == 1 }
        for fd in open { #expect(answers(fd)) }
        // All connections except the first.
        server.signalSessions(SIGKILL, from: 1)
        let alive = open.count(where: answers)
        #expect(alive < open.count)
        for fd in open { close(fd) }
        #expect(exchangeAll(20, with: run.port) == 20)
        #expect(run.connections == 1)
        run.stop(server)
        line.stop()
        service.stop()
    }

    /// A destination that doesn't answer blocks only its SSH connection, and no other forwarded one.
    @Test func aSlowDestinationHoldsUpNobody() throws {
        let server = try SSHServer()
        let service = try TCPService(echo)
        let full = FullListener()
        defer { withExtendedLifetime(full) {} }
        let run = try ForwardRun(server, to: full.port, service.port)
        let stuck = dial(run.ports[0])
        usleep(50_000)
        #expect(exchangeAll(20, with: run.ports[1]) == 20)
        #expect((2...4).contains(server.accepted))
        close(stuck)
        run.stop(server)
        service.stop()
    }

    @Test func connectionsThatAllWaitForNobodyAreClosed() throws {
        let server = try SSHServer()
        let service = try TCPService(echo)
        let full = FullListener()
        defer { withExtendedLifetime(full) {} }
        let run = try ForwardRun(server, to: full.port, service.port)
        let stuck = (0..<24).map { _ in dial(run.ports[0]) }
        #expect(eventually { server.accepted == 16 })
        #expect(eventually(within: 30) { exchange([1], with: run.ports[1]) == [1] })
        #expect(run.connections == 1)
        for fd in stuck { close(fd) }
        run.stop(server)
        service.stop()
    }
}

/// A port whose backlog is full, so that a new connection gets no answer.
private final class FullListener {
    let port: UInt16
    private let fd: Int32
    private var waiting: [Int32] = []

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        listen(listener, 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        fd = listener
        port = UInt16(bigEndian: address.sin_port)
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            waiting.append(client)
        }
    }

    deinit { for fd in waiting + [fd] { close(fd) } }
}
