import Glibc

/// Ports that lead into a box, or from it to here.
///
/// Those of this machine stay open for as long as this lives, whatever becomes of the connection to the box: who connects
/// meanwhile waits.
public final class Forwarder {
    /// Those of each forward; the first one is its own.
    private let listeners: [[ForwardListener]]
    private let reverse: [ReverseForward]

    /// Listens on every port of this machine, or on none.
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

    /// With the addresses and ports that the system gave; those of the box once ``start(over:report:)`` has returned.
    public var forwards: [PortForward] { listeners.map(\.[0].forward) + reverse.map(\.forward) }

    /// Lets the box listen; what connects is carried when the loop runs.
    ///
    /// - Parameter report: told of the first connection of a forward that was refused, once until one works again.
    /// - Throws: ``SSHError/Kind/portUnavailable`` when the box can't listen, or why the SSH connection ended.
    public func start(
        over connection: SSHConnection, report: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws(SSHError) -> ForwardLoop {
        try ForwardLoop(connection, listeners.flatMap(\.self), reverse, RefusalReport(report))
    }

    /// Each connection has a descriptor, and the usual limit of 1,024 is one that programs may raise (getrlimit(2)).
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
