import Glibc
import Testing

@testable import BoxSSH

/// Remote forwards, and dynamic forwards to the destinations that SOCKS clients name.
@Suite(.timeLimit(.minutes(1)))
struct ForwardDirectionTests {
    let server: SSHServer

    init() throws { server = try SSHServer() }

    private func reverse(
        to port: UInt16, host: String = "127.0.0.1",
        listening: Endpoint = Endpoint(host: "localhost", port: 0)
    ) -> PortForward {
        PortForward(.remote, local: Endpoint(host: host, port: port), remote: listening)
    }

    // MARK: Remote

    @Test func whatConnectsThereComesHere() throws {
        let service = try TCPService(echo)
        let run = try ForwardRun(server.target(), [reverse(to: service.port)])
        let port = try #require(try run.portsThere().first)
        #expect(port > 0)
        let workers = (0..<50).map { number in
            Worker {
                let bytes = noise(200_000, seed: UInt64(number + 1))
                return exchange(bytes, with: port) == bytes
            }
        }
        #expect(workers.map { $0.join() } == [Bool](repeating: true, count: 50))
        run.stop(server)
        service.stop()
    }

    /// The loop may accept them late.
    @Test func manyThatComeAtOnceAreAllTaken() throws {
        let service = try TCPService(echo)
        let run = try ForwardRun(server.target(), [reverse(to: service.port)], pauseMicroseconds: 1_000_000)
        let port = try #require(try run.portsThere().first)
        let open = (0..<300).map { _ in dial(port) }
        var byte: UInt8 = 0
        let answers = open.count { send($0, "x", 1, Int32(MSG_NOSIGNAL)) == 1 && read($0, &byte, 1) == 1 }
        #expect(answers == 300)
        for fd in open { close(fd) }
        run.stop(server)
        service.stop()
    }

    @Test func anIPv6OnlyServerHereIsFound() throws {
        let service = try TCPService(host: "::1", echo)
        let run = try ForwardRun(server.target(), [reverse(to: service.port)])
        #expect(exchange([1, 2], with: try #require(try run.portsThere().first)) == [1, 2])
        #expect(run.refusals == [])
        run.stop(server)
        service.stop()
    }

    @Test func whatNobodyListensToHereIsToldOnce() throws {
        let gone = try TCPService(echo)
        gone.stop()
        let run = try ForwardRun(server.target(), [reverse(to: gone.port)])
        let port = try #require(try run.portsThere().first)
        for _ in 0..<3 { #expect(exchange([1], with: port) == []) }
        #expect(run.refusals == [.connectionRefused])
        let service = try TCPService(port: gone.port, echo)
        #expect(exchange([1], with: port) == [1])
        run.stop(server)
        service.stop()
    }

    @Test func aPortThatIsTakenThereIsAnError() throws {
        let service = try TCPService(echo)
        defer { service.stop() }
        let forwarder = try Forwarder([reverse(to: 80, listening: Endpoint(port: service.port))])
        let error = try #require(throws: SSHError.self) { try forwarder.start(over: server.connect()) { _, _ in } }
        #expect(error.kind == .portUnavailable)
        #expect(
            error.message
                == "bx_testtest refuses to listen on 127.0.0.1:\(service.port): the port is taken there, or needs root; choose another"
        )
    }

    @Test func aHostThatIsNoneIsNamed() throws {
        let error = try #require(throws: SSHError.self) {
            try Forwarder([reverse(to: 80, host: "no-such-host.invalid")])
        }
        #expect(error.message.hasPrefix("can't find the host no-such-host.invalid: "))
    }

    // MARK: SOCKS

    private func socks() throws -> ForwardRun {
        try ForwardRun(
            server.target(), [PortForward(.dynamic, local: Endpoint(port: 0), remote: Endpoint(port: 0))])
    }

    /// The answer to bytes that are sent all at once.
    private func ask(_ bytes: [UInt8], _ run: ForwardRun) -> [UInt8] { exchange(bytes, with: run.port) }

    private func port(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(port & 255)] }

    @Test func aClientSaysWhereToGo() throws {
        let service = try TCPService(echo)
        let run = try socks()
        let ok: [UInt8] = [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        let payload = noise(300_000)
        #expect(ask([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1] + port(service.port) + payload, run) == ok + payload)
        #expect(ask([5, 1, 0, 5, 1, 0, 3, 9] + "localhost".utf8 + port(service.port) + [7], run) == ok + [7])
        #expect(ask([4, 1] + port(service.port) + [127, 0, 0, 1, 0, 9], run) == [0, 0x5A, 0, 0, 0, 0, 0, 0, 9])
        #expect(run.refusals == [])
        run.stop(server)
        service.stop()
    }

    @Test func aClientHearsOfARefusal() throws {
        let gone = try TCPService(echo)
        gone.stop()
        let run = try socks()
        #expect(
            ask([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1] + port(gone.port), run) == [5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0])
        #expect(ask(Array("GET / HTTP/1.1\r\n\r\n".utf8), run) == [])
        #expect(run.refusals == [.connectionRefused])
        run.stop(server)
    }
}
