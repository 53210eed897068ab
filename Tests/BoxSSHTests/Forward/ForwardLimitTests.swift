import Glibc
import Testing

@testable import BoxSSH

/// How forwards use limited resources: memory, descriptors, time, ports, and the connection itself.
@Suite(.timeLimit(.minutes(1)))
struct ForwardLimitTests {
    /// Sends until nothing is accepted for half a second. Returns the number of bytes.
    private static func flood(_ fd: Int32) -> Int {
        let piece = noise(1 << 16)
        var sent = 0
        while true {
            var ready = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            guard poll(&ready, 1, 500) > 0 else { return sent }
            let count = piece.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
            guard count > 0 || errno == EAGAIN else { return sent }
            if count > 0 { sent += count }
        }
    }

    @Test func whoDoesNotReadStopsTheSender() throws {
        let server = try SSHServer()
        let counts = makePipe()
        let service = try TCPService { fd in
            let sent = Self.flood(fd)
            Array("\(sent)".utf8).withUnsafeBytes { writeEverything(counts.write, $0) }
            close(counts.write)
        }
        let run = try ForwardRun(server, to: service.port)
        let fd = dial(run.port, receiveBuffer: 4096)
        let sent = try #require(Int(String(decoding: readEverything(counts.read), as: UTF8.self)))
        // The window, the sockets' buffers on both sides, and sshd's own; far below unlimited.
        #expect(sent < 24 << 20)
        // Nothing that was sent is lost.
        #expect(readEverything(fd).count == sent)
        close(fd)
        close(counts.read)
        run.stop(server)
        service.stop()
    }

    @Test func aServerThatDoesNotReadStopsThePeerAndNobodyElse() throws {
        let server = try SSHServer()
        let gate = makePipe()
        let stuck = try TCPService { fd in
            var byte: UInt8 = 0
            _ = read(gate.read, &byte, 1)
            let text = "\(readEverything(fd).count)"
            Array(text.utf8).withUnsafeBytes { writeEverything(fd, $0) }
        }
        let echoing = try TCPService(echo)
        let forwarders = [try ForwardRun(server, to: stuck.port), try ForwardRun(server, to: echoing.port)]
        let fd = dial(forwarders[0].port)
        let sent = Self.flood(fd)
        #expect(sent > 0 && sent < 24 << 20)
        #expect(exchange(noise(1_000_000), with: forwarders[1].port).count == 1_000_000)
        close(gate.write)
        shutdown(fd, Int32(SHUT_WR))
        #expect(readEverything(fd) == Array("\(sent)".utf8))
        close(fd)
        close(gate.read)
        for run in forwarders { run.stop(server) }
        stuck.stop()
        echoing.stop()
    }

    @Test func aLostConnectionBreaksWhatWasOpenAndIsMadeAgain() throws {
        let server = try SSHServer()
        let service = try TCPService(echo)
        let run = try ForwardRun(server, to: service.port, reconnects: true)
        let fd = dial(run.port)
        var byte: UInt8 = 0
        #expect(write(fd, "x", 1) == 1 && read(fd, &byte, 1) == 1)
        server.signalSessions(SIGKILL)
        #expect(read(fd, &byte, 1) == -1 && errno == ECONNRESET)
        close(fd)
        #expect(exchange([1, 2], with: run.port) == [1, 2])
        #expect(run.connections == 2)
        run.stop(server)
        service.stop()
    }

    @Test func whoConnectsWithoutAConnectionWaits() throws {
        let server = try SSHServer()
        let service = try TCPService(echo)
        let forwarder = try Forwarder([
            PortForward(local: Endpoint(port: 0), remote: Endpoint(port: service.port))
        ])
        let fd = dial(try #require(forwarder.forwards.first).local.port)
        #expect(write(fd, "early", 5) == 5)
        shutdown(fd, Int32(SHUT_WR))
        let reader = Worker {
            let bytes = readEverything(fd)
            server.signalSessions(SIGKILL)
            return bytes
        }
        #expect(throws: SSHError.self) { try forwarder.start(over: server.connect()) { _, _ in }.run() }
        #expect(reader.join() == Array("early".utf8))
        close(fd)
        server.stop()
        service.stop()
    }

    @Test func aTakenPortIsNamed() throws {
        let service = try TCPService(echo)
        defer { service.stop() }
        let error = try #require(throws: SSHError.self) {
            try Forwarder([
                PortForward(local: Endpoint(port: service.port), remote: Endpoint(port: 80))
            ])
        }
        #expect(error.kind == .portUnavailable)
        #expect(
            error.message
                == "port \(service.port) of 127.0.0.1 is taken here; choose another"
        )
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7 is no address of this machine; listen on one that is"),
        ("no-such-host.invalid", "can't listen on no-such-host.invalid: "),
    ])
    func anAddressThatIsNotOursIsNamed(_ host: String, _ message: String) throws {
        let error = try #require(throws: SSHError.self) {
            try Forwarder([
                PortForward(local: Endpoint(host: host, port: 0), remote: Endpoint(port: 80))
            ])
        }
        #expect(error.kind == .portUnavailable)
        #expect(error.message.hasPrefix(message))
    }

    @Test func descriptorsAreFreedAndTheirLimitIsWaitedFor() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let server = try SSHServer()
            // The service is an sshd, whose banner is expected, because it has its own limit of descriptors.
            let free = try TCPService(echo)
            free.stop()
            let service = spawn([
                "/usr/sbin/sshd", "-D", "-f", server.scratch.path + "/sshd_config", "-p", "\(free.port)",
                "-o", "ListenAddress=127.0.0.1", "-o", "MaxStartups=500",
            ])
            let run = try ForwardRun(server, to: free.port)
            func end(_ code: Int32) -> Never {
                kill(service.pid, SIGTERM)
                service.wait()
                server.stop()
                server.scratch.remove()
                exit(code)
            }
            func sendsBanner(_ fd: Int32) -> Bool {
                var bytes = [UInt8](repeating: 0, count: 8)
                return read(fd, &bytes, 8) == 8 && bytes == Array("SSH-2.0-".utf8)
            }
            func sendsBanner() -> Bool {
                let fd = dial(run.port)
                defer { close(fd) }
                return sendsBanner(fd)
            }
            guard eventually({ sendsBanner() }) else { end(43) }
            let before = descriptorCount()
            var limit = rlimit(rlim_cur: rlim_t(before + 60), rlim_max: rlim_t(before + 60))
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            // Until no descriptor is free. Often some connections then wait for a descriptor at the other end.
            var open: [Int32] = []
            while true {
                let fd = dial(run.port)
                guard fd >= 0 else { break }
                open.append(fd)
            }
            guard open.count >= 29 else { end(45) }
            sleep(1)
            // The connects may have used every descriptor, and accepting needs some.
            for _ in 0..<4 { close(open.removeLast()) }
            // Each one is served after others have ended.
            while !open.isEmpty {
                let fd = open.removeFirst()
                guard sendsBanner(fd) else { end(46) }
                close(fd)
            }
            guard sendsBanner() else { end(47) }
            // The descriptors of additional SSH connections stay open for a while.
            guard eventually({ (1...before + 15).contains(descriptorCount()) }) else { end(48) }
            run.stop(server)
            guard run.cpuSeconds < 0.5 else { end(49) }
            end(42)
        }
    }

    @Test func aSignalEndsTheWork() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let server = try SSHServer()
            let service = try TCPService(echo)
            let run = try ForwardRun(server, to: service.port)
            let fd = dial(run.port)
            var byte: UInt8 = 0
            guard write(fd, "x", 1) == 1, read(fd, &byte, 1) == 1 else { exit(43) }
            kill(getpid(), SIGINT)
            guard run.join()?.kind == .interrupted(signal: SIGINT) else { exit(44) }
            guard read(fd, &byte, 1) == -1, errno == ECONNRESET else { exit(45) }
            server.stop()
            server.scratch.remove()
            exit(42)
        }
    }

    /// A loop that polls for an event that it doesn't handle would use the CPU for the whole second.
    @Test func waitingCostsNothing() throws {
        let server = try SSHServer()
        let gate = makePipe()
        let service = try TCPService { fd in
            // A blocked peer, and half a megabyte that it doesn't read.
            noise(1 << 19).withUnsafeBytes { _ = send(fd, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
            var byte: UInt8 = 0
            _ = read(gate.read, &byte, 1)
        }
        let run = try ForwardRun(server, to: service.port)
        let open = (0..<20).map { _ in dial(run.port, receiveBuffer: 4096) }
        // A connection that the peer has shut down for writing.
        shutdown(open[0], Int32(SHUT_WR))
        sleep(2)
        run.stop(server)
        #expect(run.cpuSeconds < 0.5)
        for fd in open { close(fd) }
        close(gate.write)
        service.stop()
        close(gate.read)
    }
}
