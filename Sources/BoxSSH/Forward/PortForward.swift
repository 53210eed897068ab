/// A port, here or in the box, and where its connections go. Port 0 of the side that listens lets the system choose one.
public struct PortForward: Sendable, Equatable {
    public enum Direction: Sendable, Equatable {
        /// A port here leads to `remote`, as with `ssh -L`.
        case local
        /// A port in the box leads to `local`, as with `ssh -R`.
        case remote
        /// A port here leads to wherever in the box's network its clients ask for, in SOCKS 4, 4a or 5, as with `ssh -D`.
        /// `remote` is not used.
        case dynamic
    }

    public var direction: Direction
    public var local: Endpoint
    /// As the box sees it: its own loopback, or a host that it can reach.
    public var remote: Endpoint

    public init(_ direction: Direction = .local, local: Endpoint, remote: Endpoint) {
        self.direction = direction
        self.local = local
        self.remote = remote
    }

    /// The one that listens.
    public var listening: Endpoint {
        get { direction == .remote ? remote : local }
        set { if direction == .remote { remote = newValue } else { local = newValue } }
    }
}

/// Why a connection could not be forwarded. The forward goes on.
public enum ForwardRefusal: Sendable, Equatable {
    /// Nothing listens there, in the box or, of a forward to here, on this machine.
    case nobodyListens
    /// The box's SSH server forwards nothing.
    case notAllowed
    /// Anything else, in libssh2's words.
    case other(String)
}
