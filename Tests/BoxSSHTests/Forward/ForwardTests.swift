import Glibc
import Testing

@testable import BoxSSH

@Suite(.timeLimit(.minutes(1)))
struct ForwardTests {
    let server: SSHServer

    init() throws { server = try SSHServer() }

    @Test func tenMegabytesComeBackWhole() throws {
        let service = try TCPService(echo)
        let run = try ForwardRun(server, to: service.port)
        let bytes = noise(10 << 20)
        #expect(exchange(bytes, with: run.port) == bytes)
        #expect(run.stop(server)?.kind == .connectionLost)
        service.stop()
    }

    @Test func anAnswerComesAfterTheRequestsEnd() throws {
        let service = try TCPService { fd in
            let text = "got \(readEverything(fd).count)"
            Array(text.utf8).withUnsafeBytes { writeEverything(fd, $0) }
        }
        let run = try ForwardRun(server, to: service.port)
        #expect(exchange(noise(3_000_000), with: run.port) == Array("got 3000000".utf8))
        run.stop(server)
        service.stop()
    }

    @Test func aRequestGoesOnAfterTheAnswersEnd() throws {
        let (said, expected) = (makePipe(), 3_000_000)
        let service = try TCPService { fd in
            "hello".utf8.map { $0 }.withUnsafeBytes { writeEverything(fd, $0) }
            shutdown(fd, Int32(SHUT_WR))
            let bytes = Array("\(readEverything(fd).count)".utf8)
            bytes.withUnsafeBytes { writeEverything(said.write, $0) }
            close(said.write)
        }
        let run = try ForwardRun(server, to: service.port)
        let fd = dial(run.port)
        #expect(readEverything(fd) == Array("hello".utf8))
        noise(expected).withUnsafeBytes { writeEverything(fd, $0) }
        close(fd)
        #expect(readEverything(said.read) == Array("\(expected)".utf8))
        close(said.read)
        run.stop(server)
        service.stop()
    }

    @Test func twoHundredAtOnce() throws {
        let service = try TCPService(echo)
        let run = try ForwardRun(server, to: service.port)
        let workers = (0..<200).map { number in
            let port = run.port
            return Worker {
                let bytes = noise(50_000, seed: UInt64(number + 1))
                return exchange(bytes, with: port) == bytes
            }
        }
        #expect(workers.map { $0.join() } == [Bool](repeating: true, count: 200))
        run.stop(server)
        service.stop()
    }

    @Test func aThousandOneAfterTheOther() throws {
        let service = try TCPService(echo)
        let run = try ForwardRun(server, to: service.port)
        var wrong = 0
        for number in 0..<1000 {
            let bytes = Array("request \(number)".utf8)
            if exchange(bytes, with: run.port) != bytes { wrong += 1 }
        }
        #expect(wrong == 0)
        #expect(run.connections == 1)
        run.stop(server)
        service.stop()
    }

    @Test func theServerMaySpeakFirst() throws {
        let service = try TCPService { fd in
            Array("220 ready".utf8).withUnsafeBytes { writeEverything(fd, $0) }
        }
        let run = try ForwardRun(server, to: service.port)
        let fd = dial(run.port)
        #expect(readEverything(fd) == Array("220 ready".utf8))
        close(fd)
        run.stop(server)
        service.stop()
    }

    @Test func anIPv6OnlyServerIsFound() throws {
        let service = try TCPService(host: "::1", echo)
        let run = try ForwardRun(server, to: service.port)
        #expect(exchange([1, 2, 3], with: run.port) == [1, 2, 3])
        #expect(run.refusals == [])
        run.stop(server)
        service.stop()
    }

    @Test func severalPortsShareTheConnection() throws {
        let first = try TCPService(echo)
        let second = try TCPService { fd in
            readEverything(fd).reversed().withUnsafeBytes { writeEverything(fd, $0) }
        }
        let run = try ForwardRun(server, to: first.port, second.port)
        #expect(exchange([7, 8], with: run.ports[0]) == [7, 8])
        #expect(exchange([7, 8], with: run.ports[1]) == [8, 7])
        #expect(run.connections == 1)
        run.stop(server)
        first.stop()
        second.stop()
    }

    @Test func aRefusedConnectionIsResetAndToldOnce() throws {
        let gone = try TCPService(echo)
        gone.stop()
        let run = try ForwardRun(server, to: gone.port)
        for _ in 0..<3 {
            let fd = dial(run.port)
            var byte: UInt8 = 0
            #expect(read(fd, &byte, 1) == -1 && errno == ECONNRESET)
            close(fd)
        }
        #expect(run.refusals == [.connectionRefused])
        let service = try TCPService(port: gone.port, echo)
        #expect(exchange([1], with: run.port) == [1])
        service.stop()
        #expect(exchange([1], with: run.port) == [])
        #expect(run.refusals == [.connectionRefused, .connectionRefused])
        run.stop(server)
    }

    @Test func aPeerThatVanishesEndsTheOtherSide() throws {
        let service = try TCPService(echo)
        let run = try ForwardRun(server, to: service.port)
        let fd = dial(run.port)
        #expect(write(fd, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(read(fd, &byte, 1) == 1)
        var abortive = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, socklen_t(MemoryLayout<linger>.size))
        close(fd)
        #expect(eventually { service.served == 1 })
        run.stop(server)
        service.stop()
    }

    @Test func anUnknownHostIsRefusedAndTheOthersGoOn() throws {
        let run = try ForwardRun(server, to: 80, remoteHost: "no-such-host.invalid")
        #expect(exchange([1], with: run.port) == [])
        #expect(run.refusals == [.connectionRefused])
        #expect(run.stop(server)?.kind == .connectionLost)
    }
}
