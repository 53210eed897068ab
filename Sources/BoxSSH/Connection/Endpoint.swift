/// A TCP endpoint: one end of a forward, or where to connect to.
public struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    /// A name or an address; IPv6 without brackets.
    public var host: String
    public var port: UInt16

    public static let loopback = "127.0.0.1"
    /// The host to listen on for both loopback addresses, with one port.
    public static let localhost = "localhost"

    public init(host: String = Self.loopback, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// For example `127.0.0.1:3000` or `[::1]:3000`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
