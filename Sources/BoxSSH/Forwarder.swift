/// Local ports that lead into a box.
///
/// The ports stay open for as long as this lives, whatever becomes of the connection to the box: who connects meanwhile waits.
public final class Forwarder {
    private let listeners: [ForwardListener]

    /// Listens on every local port, or on none.
    ///
    /// - Throws: ``SSHError/Kind/portUnavailable``.
    public init(_ forwards: [PortForward]) throws(SSHError) {
        var listeners: [ForwardListener] = []
        for forward in forwards { listeners.append(try ForwardListener(forward)) }
        self.listeners = listeners
    }

    /// With the addresses and ports that the system gave.
    public var forwards: [PortForward] { listeners.map(\.forward) }

    /// Carries connections until SIGINT, SIGTERM or SIGHUP comes or the SSH connection ends, which breaks them all.
    ///
    /// - Parameters:
    ///   - endsOnSignals: false where they are somebody else's.
    ///   - report: told of the first connection that the box refused, once until one works again.
    /// - Throws: ``SSHError``: `.interrupted`, or why the SSH connection ended.
    public func carry(
        over connection: SSHConnection, endsOnSignals: Bool = true,
        report: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws(SSHError) -> Never {
        connection.interruptions = endsOnSignals ? SignalWatch() : nil
        defer { connection.interruptions = nil }
        try ForwardLoop(connection, listeners, report: report).run()
    }
}
