import Glibc

/// Finds out whether an SSH server answers, without logging in.
public struct SSHBanner: TCPTarget, Sendable {
    let boxID: String
    let host: String
    let port: UInt16

    public init(boxID: String, host: String, port: UInt16 = 22) {
        self.boxID = boxID
        self.host = host
        self.port = port
    }

    /// Whether a server starts its identification string (RFC 4253, section 4.2) within `timeout` seconds.
    ///
    /// An open port is not enough: a proxy that still waits for the server may have accepted the connection.
    public func arrives(within timeout: Double) -> Bool {
        let deadline = monotonicSeconds() + timeout
        guard let socket = try? TCPConnect.open(self, until: deadline) else { return false }
        defer { close(socket) }
        let expected = Array("SSH-".utf8)
        var banner: [UInt8] = []
        while banner.count < expected.count {
            var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let left = deadline - monotonicSeconds()
            guard left > 0 else { return false }
            let ready = poll(&waiting, 1, Int32(min(left * 1000 + 1, 60_000)))
            guard ready > 0 else { continue }
            var byte: UInt8 = 0
            let count = recv(socket, &byte, 1, 0)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count == 1 else { return false }
            banner.append(byte)
        }
        return banner == expected
    }
}
