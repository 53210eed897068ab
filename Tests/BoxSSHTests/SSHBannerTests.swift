import BoxSSH
import Glibc
import Testing

/// Whether an SSH server answers, on real sockets.
@Suite(.timeLimit(.minutes(1))) struct SSHBannerTests {
    /// Creates a listener on a free loopback port.
    private func listen() throws -> (socket: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && Glibc.listen(listener, 4) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isListening)
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    @Test(arguments: [("SSH-2.0-OpenSSH_9.2\r\n", true), ("HTTP/1.1 400\r\n", false), ("SS", false)])
    func onlySSHCounts(_ banner: String, _ answers: Bool) throws {
        let (listener, port) = try listen()
        defer { close(listener) }
        let server = Worker {
            let connection = accept(listener, nil, nil)
            _ = send(connection, banner, banner.utf8.count, Int32(MSG_NOSIGNAL))
            return close(connection)
        }
        #expect(SSHBanner(boxID: "bx_1", host: "127.0.0.1", port: port).arrives(within: 10) == answers)
        #expect(server.join() == 0)
    }

    @Test func silenceAndClosedPortsAreNoBanner() throws {
        let (listener, port) = try listen()
        let banner = SSHBanner(boxID: "bx_1", host: "127.0.0.1", port: port)
        #expect(!banner.arrives(within: 0.2))
        close(listener)
        #expect(!banner.arrives(within: 10))
    }
}
