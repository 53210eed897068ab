/// A port on this machine or in the box, and where its connections go. For a listening port 0 the system chooses one.
public struct PortForward: Sendable, Equatable {
    public enum Direction: Sendable, Equatable {
        /// A port on this machine leads to `remote`, as with `ssh -L`.
        case local
        /// A port in the box leads to `local`, as with `ssh -R`.
        case remote
        /// A port on this machine leads to any destination in the box's network, as with `ssh -D`. Clients name it in
        /// SOCKS 4, 4a or
        /// 5. `remote` is not used.
        case dynamic
    }

    public var direction: Direction
    public var local: Endpoint
    /// An endpoint as the box sees it: its own loopback, or a host that it can reach.
    public var remote: Endpoint

    public init(_ direction: Direction = .local, local: Endpoint, remote: Endpoint) {
        self.direction = direction
        self.local = local
        self.remote = remote
    }

    /// The endpoint that listens.
    public var listening: Endpoint {
        get { direction == .remote ? remote : local }
        set { if direction == .remote { remote = newValue } else { local = newValue } }
    }
}

/// Why a connection could not be forwarded. The forward itself continues.
public enum ForwardRefusal: Sendable, Equatable {
    /// Nothing listens at the destination: in the box or, for a remote forward, on this machine.
    case connectionRefused
    /// The box's SSH server allows no forwarding.
    case notAllowed
    /// Any other reason, as libssh2 words it.
    case other(String)
}
