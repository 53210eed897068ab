/// Where and as whom to connect.
public struct SSHTarget: Sendable {
    /// The host's name in known_hosts and in messages.
    public var boxID: String
    /// A name or an address; IPv6 without brackets.
    public var host: String
    public var port: UInt16
    public var user: String
    public var key: ManagedKey
    public var knownHostsPath: String
    /// For the TCP connection, the handshake and the login together, in seconds.
    public var connectTimeout: Double
    /// Seconds between keepalives (at least 2, libssh2's own floor). After three of them without any answer the
    /// connection counts as lost.
    public var keepaliveInterval: Int
    /// Compress what is sent and received, where the server can.
    public var compresses = false
    /// Refuse a machine whose host key isn't pinned yet, as with OpenSSH's StrictHostKeyChecking=yes.
    public var requiresPin = false

    public init(
        boxID: String, host: String, port: UInt16 = 22, user: String = "user", key: ManagedKey, knownHostsPath: String,
        connectTimeout: Double = 10, keepaliveInterval: Int = 15
    ) {
        self.boxID = boxID
        self.host = host
        self.port = port
        self.user = user
        self.key = key
        self.knownHostsPath = knownHostsPath
        self.connectTimeout = connectTimeout
        self.keepaliveInterval = max(2, keepaliveInterval)
    }
}
