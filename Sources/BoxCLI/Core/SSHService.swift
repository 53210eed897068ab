import BoxClient
import BoxSSH

/// The SSH operations of the command line. Errors are BoxSSH's.
public protocol SSHService: Sendable {
    /// The managed key's public line. The key is created when it doesn't exist.
    func publicKey(keyPath: String) throws -> String

    /// Starts to connect to a box's last known address, while the API is asked for the current one. A later connection
    /// to the same destination uses this one. When it has failed, a new one is made.
    func prepare(_ destination: SSHDestination)

    /// Runs a command, or a shell without one, on standard input, output and error.
    ///
    /// - Parameter notice: called on any thread with messages about the session's forwards.
    /// - Returns: the remote exit code, or 128 and the signal's number.
    func run(_ session: SSHSession, notice: @escaping @Sendable (String) -> Void) throws -> Int32

    /// Copies between this machine and one box.
    func copy(_ job: CopyJob, progress: @escaping (CopyStep) -> Void) throws -> CopyResult

    /// Connects standard input and output to a box's SSH server, until the connection ends.
    func relay(to destination: SSHDestination) throws

    /// Whether an SSH server answers on port 22 of the host in time. It doesn't log in.
    func hasSSHServer(boxID: String, host: String, within timeout: Duration) -> Bool

    /// Listens on the local ports of all forwards, or of none.
    func listen(_ forwards: [PortForward]) throws -> any PortForwarding

    /// Removes a box's host key. Harmless when none is known.
    func forgetHost(boxID: String, knownHostsPath: String) throws
}

/// Local ports that listen as long as this object lives. Clients that connect while the box isn't connected wait.
public protocol PortForwarding {
    /// The forwards with the assigned addresses and ports. Ports in the box are known once a connection is up.
    var forwards: [PortForward] { get }

    /// Connects and carries connections until a signal arrives or the SSH connection ends.
    ///
    /// - Parameters:
    ///   - onConnect: called once, when the ports can be used.
    ///   - onRefusal: called for the first refused connection, and again only after one has worked.
    func carry(
        to destination: SSHDestination, onConnect: () throws -> Void,
        onRefusal: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws -> Never
}

/// The address and the credentials for SSH to a box.
public struct SSHDestination: Sendable, Equatable {
    public var boxID: String
    public var host: String
    public var user: String
    /// The private key's file.
    public var keyPath: String
    public var knownHostsPath: String
}

/// A command or shell to run.
public struct SSHSession: Sendable, Equatable {
    public var destination: SSHDestination
    /// Nil for the login shell.
    public var words: [String]
    /// Whether to request a terminal in the box.
    public var wantsTerminal: Bool
    /// Whether standard input is a terminal that the remote one can use.
    public var hasLocalTerminal: Bool
    /// The value of TERM.
    public var term: String
    /// For the remote command.
    public var environment: [EnvironmentVariable] = []
    /// Ports to forward during the session.
    public var forwards: [PortForward] = []
    /// Whether the command gets our standard input; otherwise it has none.
    public var hasInput = true
    /// Whether the only word names a subsystem of the server.
    public var isSubsystem = false
    public var compresses = false
}

/// Files to copy.
public struct CopyJob: Sendable, Equatable {
    public enum Direction: Sendable { case upload, download }

    /// The path that stands for standard input or output.
    public static let stream = "-"
    /// An unfinished file of at least this many bytes is kept when a connection is lost.
    public static let resumable = SFTPCopy.resumable

    public var destination: SSHDestination
    public var direction: Direction
    public var sources: [String]
    public var target: String
    public var isRecursive: Bool
    public var preservesTimes: Bool
    /// Resume what an earlier copy left unfinished.
    public var resumes = false
    public var compresses = false
    /// Whether the progress is shown.
    public var isShown = false
}

/// The progress of a copy.
public struct CopyStep: Sendable, Equatable {
    /// The current file.
    public var file: String
    /// Bytes of the current file so far.
    public var bytes: Int64
    /// Size of the current file; 0 when it isn't known.
    public var size: Int64
    /// Of the whole copy: files that are complete, and bytes.
    public var files: Int
    public var allBytes: Int64
    /// The approximate size of the whole copy; nil when it isn't known.
    public var allSize: Int64?

    public init(
        file: String, bytes: Int64, size: Int64, files: Int = 0, allBytes: Int64 = 0, allSize: Int64? = nil
    ) {
        self.allSize = allSize
        self.file = file
        self.bytes = bytes
        self.size = size
        self.files = files
        self.allBytes = allBytes
    }
}

/// The outcome of a copy.
public struct CopyResult: Sendable, Equatable {
    public var files: Int
    public var bytes: Int64
    /// `path: reason` of each file that wasn't copied.
    public var failures: [String]

    public init(files: Int, bytes: Int64, failures: [String] = []) {
        self.files = files
        self.bytes = bytes
        self.failures = failures
    }
}
