internal import CSSH2

/// A port in the box whose connections come to this machine.
final class ReverseForward {
    /// The forward, with the port that the box assigned once it listens.
    private(set) var forward: PortForward
    /// Where its connections go; the addresses are tried in order.
    let destinations: [SocketAddress]

    /// Connections that libssh2 queues until the loop accepts all of them. It refuses more.
    private static let backlog: Int32 = 4096

    init(_ wanted: PortForward) throws(SSHError) {
        forward = wanted
        let local = wanted.local
        // Development servers often listen on only one of the loopback addresses.
        let hosts = local.host == Endpoint.loopback ? [local.host, "::1"] : [local.host]
        let found = hosts.map { SocketAddress.resolve(Endpoint(host: $0, port: local.port)) }
        destinations = found.flatMap(\.addresses)
        guard !destinations.isEmpty else {
            throw SSHError(
                .portUnavailable,
                "can't find the host \(displayText(local.host.utf8)): \(found[0].failure); name one that this machine can reach"
            )
        }
    }

    /// Makes the box listen.
    ///
    /// - Returns: the listener, which libssh2 frees with the session.
    /// - Throws: ``SSHError/Kind/portUnavailable`` when the box refuses.
    func listen(over connection: SSHConnection, _ limit: SSHConnection.WaitLimit) throws(SSHError) -> OpaquePointer {
        var port: Int32 = 0
        let listener = try connection.drivePointer(limit) {
            libssh2_channel_forward_listen_ex(
                connection.session, forward.remote.host, Int32(forward.remote.port), &port, Self.backlog)
        }
        guard let listener else {
            if let failure = connection.transport.failure { throw connection.lost(errorText(failure)) }
            throw SSHError(
                .portUnavailable,
                "\(connection.target.boxID) refuses to listen on \(forward.remote): the port is taken there, or needs root; choose another"
            )
        }
        if port > 0, port <= UInt16.max { forward.remote.port = UInt16(port) }
        return listener
    }
}
