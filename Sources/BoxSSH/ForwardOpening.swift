internal import CSSH2

/// Opens the channels of accepted connections, one after the other: libssh2 keeps the state of one open request in
/// the session (channel.c, open_state), so the next one can't be sent before the answer.
final class ForwardOpening {
    private let connection: SSHConnection
    private let report: (PortForward, ForwardRefusal) -> Void
    private var waiting: [ForwardedConnection] = []
    /// The request under way: its message, which libssh2 wants to see again with every call, and the hosts to try after it.
    private var current: (message: [UInt8], laterHosts: ArraySlice<String>)?

    /// What the server may send of one connection while nobody reads it here, in bytes.
    private static let window: UInt32 = 1 << 20
    private static let type = "direct-tcpip"

    init(_ connection: SSHConnection, report: @escaping (PortForward, ForwardRefusal) -> Void) {
        self.connection = connection
        self.report = report
    }

    var count: Int { waiting.count }

    func add(_ connection: ForwardedConnection) { waiting.append(connection) }

    /// True when a request was answered.
    func advance() throws(SSHError) -> Bool {
        var moved = false
        while let next = waiting.first, connection.transport.queued <= SSHTransport.highWater {
            if current == nil { start(next, Self.hosts(next.listener.forward.remote)[...]) }
            guard let channel = open() else {
                if let failure = connection.transport.failure { throw connection.lost(errorText(failure)) }
                let code = libssh2_session_last_errno(connection.session)
                guard Int(code) != LibSSH2.wouldBlock else { return moved }
                fail(next, code)
                moved = true
                continue
            }
            next.begin(channel)
            next.listener.hasToldRefusal = false
            finish()
            moved = true
        }
        return moved
    }

    /// Servers for development often listen on one of the loopback addresses only.
    private static func hosts(_ remote: ForwardEndpoint) -> [String] {
        remote.host == ForwardEndpoint.loopback ? [remote.host, "::1"] : [remote.host]
    }

    private func start(_ next: ForwardedConnection, _ hosts: ArraySlice<String>) {
        let port = next.listener.forward.remote.port
        let peer = next.socket.peer
        let message =
            Self.string(hosts.first ?? "") + Self.number(port) + Self.string(peer.host) + Self.number(peer.port)
        current = (message, hosts.dropFirst())
    }

    private func finish() {
        waiting.removeFirst()
        current = nil
    }

    private func open() -> OpaquePointer? {
        guard let message = current?.message else { return nil }
        return message.withUnsafeBytes { bytes in
            libssh2_channel_open_ex(
                connection.session, Self.type, UInt32(Self.type.utf8.count), Self.window,
                UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT), bytes.assumingMemoryBound(to: CChar.self).baseAddress,
                UInt32(bytes.count))
        }
    }

    /// The request failed; the connection is tried at the next host or refused.
    private func fail(_ next: ForwardedConnection, _ code: Int32) {
        let detail = LibSSH2.lastError(connection.session) ?? "libssh2 error \(code)"
        if code == LIBSSH2_ERROR_CHANNEL_FAILURE, let later = current?.laterHosts, !later.isEmpty {
            return start(next, later)
        }
        if !next.listener.hasToldRefusal {
            next.listener.hasToldRefusal = true
            report(next.listener.forward, Self.refusal(code, detail))
        }
        next.refuse()
        finish()
    }

    /// The server's reason code reaches us only inside libssh2's own, fixed text (channel.c, _libssh2_channel_open).
    private static func refusal(_ code: Int32, _ detail: String) -> ForwardRefusal {
        guard code == LIBSSH2_ERROR_CHANNEL_FAILURE else { return .other(detail) }
        if detail.contains("connect failed") { return .nobodyListens }
        return detail.contains("administratively prohibited") ? .notAllowed : .other(detail)
    }

    // MARK: RFC 4254, 7.2

    private static func number(_ value: UInt16) -> [UInt8] { bytes(UInt32(value)) }
    private static func string(_ text: String) -> [UInt8] { bytes(UInt32(text.utf8.count)) + Array(text.utf8) }
    private static func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
}
