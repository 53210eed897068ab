internal import CSSH2

/// One SSH connection of a forwarder, and the channel that it is opening.
///
/// libssh2 stores the state of one open request in the session (channel.c, open_state), so the next request must wait
/// for the answer. A connection therefore opens one channel per round trip, and a slow destination blocks it.
final class PooledConnection {
    let connection: SSHConnection
    private let idleChannel: OpaquePointer
    private var request: Request?
    /// When the last channel was closed or the connection was made, on the monotonic clock.
    var idleSince = monotonicSeconds()

    private struct Request {
        let connection: ForwardedConnection
        /// libssh2 needs the same bytes again with every call.
        var message: [UInt8]
        /// Hosts to try after this one.
        var laterHosts: ArraySlice<String>
        let began = monotonicSeconds()
    }

    /// How many bytes the server may send for one channel before they are read here.
    private static let window: UInt32 = 1 << 20
    private static let type = "direct-tcpip"

    init(_ connection: SSHConnection) throws(SSHError) {
        self.connection = connection
        idleChannel = try connection.openIdleChannel()
        connection.transport.acknowledgesAtOnce = true
    }

    /// When the current request was made, on the monotonic clock.
    var openingSince: Double? { request?.began }

    func receive() throws(SSHError) {
        var byte: CChar = 0
        let count = libssh2_channel_read_ex(idleChannel, 0, &byte, 1)
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("read from the box", count) }
        if libssh2_channel_eof(idleChannel) == 1 { throw connection.lost("the box ended it") }
    }

    /// Writes the queued bytes, and throws when the connection has ended.
    func flush() throws(SSHError) {
        connection.transport.flush()
        if let failure = connection.transport.failure { throw connection.lost(errorText(failure)) }
    }

    /// Opens channels for the waiting connections in order; true when a request was answered.
    ///
    /// - Parameter acceptsRequests: false when only the current request is to be finished.
    func open(_ waiting: inout [ForwardedConnection], acceptsRequests: Bool) throws(SSHError) -> Bool {
        var moved = false
        while connection.transport.queued <= SSHTransport.highWater {
            if request == nil {
                guard acceptsRequests, !waiting.isEmpty else { return moved }
                let next = waiting.removeFirst()
                next.isOpening = true
                request = Self.request(next)
            }
            guard let current = request else { return moved }
            if let pointer = send(current) {
                current.connection.begin(ForwardChannel(connection: connection, pointer: pointer))
                request = nil
            } else {
                if let failure = connection.transport.failure { throw connection.lost(errorText(failure)) }
                let code = libssh2_session_last_errno(connection.session)
                guard Int(code) != LibSSH2.wouldBlock else { return moved }
                fail(current, code)
            }
            moved = true
        }
        return moved
    }

    /// Gives up the current request and returns its connection, whose answer won't arrive.
    func cancelRequest() -> ForwardedConnection? {
        defer { request = nil }
        request?.connection.isOpening = false
        return request?.connection
    }

    private func send(_ request: Request) -> OpaquePointer? {
        request.message.withUnsafeBytes { bytes in
            libssh2_channel_open_ex(
                connection.session, Self.type, UInt32(Self.type.utf8.count), Self.window,
                UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT), bytes.assumingMemoryBound(to: CChar.self).baseAddress,
                UInt32(bytes.count))
        }
    }

    /// Handles a failed request: tries the connection's next host, or refuses the connection.
    private func fail(_ failed: Request, _ code: Int32) {
        let detail = LibSSH2.lastError(connection.session) ?? "libssh2 error \(code)"
        request = nil
        if code == LIBSSH2_ERROR_CHANNEL_FAILURE, let host = failed.laterHosts.first {
            var next = failed
            next.message = Self.message(host, failed.connection)
            next.laterHosts = failed.laterHosts.dropFirst()
            request = next
        } else {
            failed.connection.refuse(Self.refusal(code, detail))
        }
    }

    /// libssh2 passes the server's reason code on only as fixed text of its own (channel.c, _libssh2_channel_open).
    private static func refusal(_ code: Int32, _ detail: String) -> ForwardRefusal {
        guard code == LIBSSH2_ERROR_CHANNEL_FAILURE else { return .other(detail) }
        if detail.contains("connect failed") { return .connectionRefused }
        return detail.contains("administratively prohibited") ? .notAllowed : .other(detail)
    }

    // MARK: RFC 4254, 7.2

    private static func request(_ connection: ForwardedConnection) -> Request {
        let host = connection.forward.remote.host
        // Development servers often listen on only one of the loopback addresses.
        let laterHosts = host == Endpoint.loopback ? ["::1"] : []
        return Request(connection: connection, message: message(host, connection), laterHosts: laterHosts[...])
    }

    private static func message(_ host: String, _ connection: ForwardedConnection) -> [UInt8] {
        let peer = connection.socket?.peer ?? Endpoint(port: 0)
        return string(host) + number(connection.forward.remote.port) + string(peer.host) + number(peer.port)
    }

    private static func number(_ value: UInt16) -> [UInt8] { bytes(UInt32(value)) }
    private static func string(_ text: String) -> [UInt8] { bytes(UInt32(text.utf8.count)) + Array(text.utf8) }
    private static func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
}
