import Glibc
import Synchronization
import Testing

@testable import BoxSSH

/// Forwards that listen on both loopback addresses, and the report when they can't be restored.
@Suite(.timeLimit(.minutes(1)))
struct LocalhostForwardTests {
    private func socket(_ host: String, _ port: UInt16) -> (fd: Int32, port: UInt16) {
        let endpoint = PortForward(local: Endpoint(host: host, port: port), remote: Endpoint(port: 1))
        guard let listener = try? ForwardListener.open(endpoint)[0] else { return (-1, 0) }
        return (dup(listener.fd), listener.forward.local.port)
    }

    private func connects(_ host: String, _ port: UInt16) -> Bool {
        guard let address = SocketAddress.resolve(Endpoint(host: host, port: port)).addresses.first else {
            return false
        }
        let fd = Glibc.socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        return address.withPointer { connect(fd, $0, $1) } == 0
    }

    @Test(arguments: [UInt16(0), 0, 0])
    func localhostIsBothAddressesWithOnePort(_ port: UInt16) throws {
        let wanted = PortForward(
            local: Endpoint(host: "localhost", port: port), remote: Endpoint(port: 80))
        let listeners = try ForwardListener.open(wanted)
        let own = listeners[0].forward.local
        #expect(own.host == "127.0.0.1" && own.port > 0)
        #expect(connects("127.0.0.1", own.port))
        let hasIPv6 = access("/proc/net/if_inet6", F_OK) == 0 && socket("::1", 0).fd >= 0
        #expect(listeners.count == (hasIPv6 ? 2 : 1))
        if hasIPv6 { #expect(connects("::1", own.port)) }
        #expect(
            try Forwarder([
                PortForward(local: Endpoint(host: "localhost", port: 0), remote: Endpoint(port: 80))
            ]).forwards.count == 1)
    }

    @Test func anAddressIsOnlyThatOne() throws {
        let wanted = PortForward(local: Endpoint(port: 0), remote: Endpoint(port: 80))
        let listeners = try ForwardListener.open(wanted)
        #expect(listeners.count == 1)
        #expect(!connects("::1", listeners[0].forward.local.port))
    }

    @Test(.enabled(if: access("/proc/net/if_inet6", F_OK) == 0)) func aPortThatAnotherProgramHasIsSaid() throws {
        for (host, other) in [("127.0.0.1", "::1"), ("::1", "127.0.0.1")] {
            let (fd, port) = socket(host, 0)
            defer { close(fd) }
            guard fd >= 0, !connects(other, port) else { continue }
            let wanted = PortForward(
                local: Endpoint(host: "localhost", port: port), remote: Endpoint(port: 80))
            let error = try #require(throws: SSHError.self) { try Forwarder([wanted]) }
            #expect(error.kind == .portUnavailable)
            #expect(error.message == "port \(port) of \(host) is taken here; choose another")
        }
    }

    @Test func aPortThatIsTakenAfterAReconnectIsSaidOnce() throws {
        let server = try SSHServer()
        defer { server.stop() }
        let seen = Seen()
        let taken = socket("127.0.0.1", 0)
        close(taken.fd)
        let forward = PortForward(
            .remote, local: Endpoint(port: 9), remote: Endpoint(host: "127.0.0.1", port: taken.port))
        try BackgroundForwarding.start([forward], to: server.target()) { change in
            switch change {
            case .failed(let error): seen.note(error.kind == .portUnavailable ? "taken" : error.message)
            case .worksAgain: seen.note("works")
            }
        }
        server.signalSessions(SIGKILL)
        // sshd's processes for the session hold the port until they have ended.
        var other = socket("127.0.0.1", taken.port)
        let isOurs = eventually {
            if other.fd < 0 { other = socket("127.0.0.1", taken.port) }
            return other.fd >= 0
        }
        try #require(isOurs)
        #expect(eventually { seen.all == ["taken"] })
        usleep(1_500_000)
        #expect(seen.all == ["taken"])
        close(other.fd)
        #expect(eventually { seen.all == ["taken", "works"] })
    }

    private final class Seen: Sendable {
        private let changes = Mutex<[String]>([])
        func note(_ text: String) { changes.withLock { $0.append(text) } }
        var all: [String] { changes.withLock { $0 } }
    }
}
