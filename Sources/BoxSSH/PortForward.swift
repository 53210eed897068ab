/// One end of a forward.
public struct ForwardEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// A name or an address; IPv6 without brackets.
    public var host: String
    public var port: UInt16

    public static let loopback = "127.0.0.1"

    public init(host: String = Self.loopback, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `127.0.0.1:3000`, `[::1]:3000`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A port, here or in the box, and where its connections go. Port 0 of the side that listens lets the system choose one.
public struct PortForward: Sendable, Equatable {
    public enum Direction: Sendable, Equatable {
        /// A port here leads to `remote`, as with `ssh -L`.
        case toBox
        /// A port in the box leads to `local`, as with `ssh -R`.
        case toHere
        /// A port here leads to wherever in the box's network its clients ask for, in SOCKS 4, 4a or 5, as with `ssh -D`.
        /// `remote` says nothing.
        case asked
    }

    public var direction: Direction
    public var local: ForwardEndpoint
    /// As the box sees it: its own loopback, or a host that it can reach.
    public var remote: ForwardEndpoint

    public init(_ direction: Direction = .toBox, local: ForwardEndpoint, remote: ForwardEndpoint) {
        self.direction = direction
        self.local = local
        self.remote = remote
    }

    /// The one that listens.
    public var listening: ForwardEndpoint {
        get { direction == .toHere ? remote : local }
        set { if direction == .toHere { remote = newValue } else { local = newValue } }
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
