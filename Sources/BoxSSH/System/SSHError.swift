/// Why something over SSH failed: a kind for decisions and a message to show.
///
/// The message starts in lower case, names the host, box or file, gives the next step and holds no secret.
public struct SSHError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The host name has no address.
        case unknownHost
        /// Nothing listens on the port (a box that is just booting, or one that stopped).
        case connectionRefused
        /// No route, or the network is down.
        case unreachable
        /// The other side didn't answer in time.
        case timedOut
        /// The host key isn't the one that was pinned.
        case hostKeyChanged
        /// The server doesn't accept the managed key.
        case authenticationRefused
        /// The connection ended or went silent after it was up.
        case connectionLost
        /// The server refused a channel, a command or a pty.
        case requestRefused
        /// The user typed `~.`.
        case closedByUser
        /// A signal to this process ended the work; exit with 128 + its number.
        case interrupted(signal: Int32)
        /// The managed key is missing, unreadable or of the wrong form.
        case keyUnusable
        /// The known_hosts file can't be read or written.
        case knownHostsUnusable
        /// The caller's request can't be carried out.
        case invalidRequest
        /// A local port that should be forwarded can't be listened on.
        case portUnavailable
        /// A local read, write or poll failed with this errno.
        case localFailure(errno: Int32)
        /// libssh2 failed in another way; the code is one of `LIBSSH2_ERROR_*`.
        case protocolFailure(code: Int32)
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
