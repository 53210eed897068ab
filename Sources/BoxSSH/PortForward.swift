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

/// A port here, and where in the box its connections go.
public struct PortForward: Sendable, Equatable {
    /// Port 0 lets the system choose one.
    public var local: ForwardEndpoint
    /// As the box sees it: its own loopback, or a host that it can reach.
    public var remote: ForwardEndpoint

    public init(local: ForwardEndpoint, remote: ForwardEndpoint) {
        self.local = local
        self.remote = remote
    }
}

/// Why a connection could not be forwarded. The forward goes on.
public enum ForwardRefusal: Sendable, Equatable {
    /// Nothing listens there.
    case nobodyListens
    /// The box's SSH server forwards nothing.
    case notAllowed
    /// Anything else, in libssh2's words.
    case other(String)
}
