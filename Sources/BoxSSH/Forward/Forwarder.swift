import Glibc

/// The ports that lead into a box, or from it to this machine.
///
/// Local ports stay open as long as this object lives, also while the box isn't connected. Clients that connect then
/// wait.
public final class Forwarder {
    /// The listeners of each forward; the first one has the forward's address.
    private let listeners: [[ForwardListener]]
    private let reverse: [ReverseForward]

    /// Listens on every local port, or on none.
    ///
    /// - Throws: ``SSHError/Kind/portUnavailable``.
    public init(_ forwards: [PortForward]) throws(SSHError) {
        Self.raiseDescriptorLimit()
        var (listeners, reverse): ([[ForwardListener]], [ReverseForward]) = ([], [])
        for forward in forwards {
            switch forward.direction {
            case .local, .dynamic: listeners.append(try ForwardListener.open(forward))
            case .remote: reverse.append(try ReverseForward(forward))
            }
        }
        (self.listeners, self.reverse) = (listeners, reverse)
    }

    /// The forwards with the addresses and ports that the system assigned. Ports in the box are known once
    /// ``start(over:report:)`` has returned.
    public var forwards: [PortForward] { listeners.map(\.[0].forward) + reverse.map(\.forward) }

    /// Makes the box listen. Connections are carried once the loop runs.
    ///
    /// - Parameter report: called for the first refused connection of a forward, and again only after one has worked.
    /// - Throws: ``SSHError/Kind/portUnavailable`` when the box can't listen, or why the SSH connection ended.
    public func start(
        over connection: SSHConnection, report: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws(SSHError) -> ForwardLoop {
        try ForwardLoop(connection, listeners.flatMap(\.self), reverse, RefusalReport(report))
    }

    /// Each connection needs a descriptor. Programs may raise their usual limit of 1,024 (getrlimit(2)).
    private static func raiseDescriptorLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, 65536)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        setrlimit(resource, &limit)
    }
}
