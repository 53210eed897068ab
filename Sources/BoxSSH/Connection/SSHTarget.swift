/// The box to connect to, and the user and key to log in with.
public struct SSHTarget: Sendable {
    /// The host name in known_hosts and in messages.
    public var boxID: String
    /// A name or an address; IPv6 without brackets.
    public var host: String
    public var port: UInt16
    public var user: String
    public var key: ManagedKey
    public var knownHostsPath: String
    /// The time limit of the TCP connection, the handshake and the login together, in seconds.
    public var connectTimeout: Double
    /// Seconds between keepalives; libssh2 allows no less than 2. The connection counts as lost after three intervals
    /// without any answer.
    public var keepaliveInterval: Int
    /// Compress both directions, where the server supports it.
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
