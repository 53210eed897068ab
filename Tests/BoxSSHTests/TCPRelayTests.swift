import Glibc
import Testing

@testable import BoxSSH

@Suite(.timeLimit(.minutes(1))) struct TCPRelayTests {
    @Test func bytesGoBothWaysAndEndsArePassedOn() throws {
        let service = try TCPService { fd in
            let all = readEverything(fd)
            all.withUnsafeBytes { writeEverything(fd, $0) }
        }
        defer { service.stop() }
        let bytes = noise(3_000_000)
        let (input, output) = (makePipe(), makePipe())
        let writer = Worker {
            bytes.withUnsafeBytes { writeEverything(input.write, $0) }
            close(input.write)
        }
        let reader = Worker { readEverything(output.read) }
        try TCPRelay(boxID: "bx_testtest", host: "127.0.0.1", port: service.port).run(
            input: input.read, output: output.write)
        close(output.write)
        writer.join()
        #expect(reader.join() == bytes)
        close(input.read)
        close(output.read)
    }

    @Test func aPortThatRefusesIsSaid() throws {
        let service = try TCPService { _ in }
        service.stop()
        let relay = TCPRelay(boxID: "bx_testtest", host: "127.0.0.1", port: service.port)
        let error = try #require(throws: SSHError.self) { try relay.run(input: -1, output: -1) }
        #expect(error.kind == .connectionRefused && error.message.contains("box info bx_testtest"))
    }
}
