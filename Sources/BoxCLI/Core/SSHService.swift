import BoxClient
import BoxSSH

/// What the command line needs of SSH. Errors are BoxSSH's own.
public protocol SSHService: Sendable {
    /// The managed key's public line; the key is made when there is none.
    func publicKey(keyPath: String) throws -> String

    /// Begins to connect to where a box was last, while the API is asked where it is. Whoever connects to the same place then,
    /// takes that connection; if it failed, another is made.
    func prepare(_ destination: SSHDestination)

    /// Runs a command, or a shell without one, on standard input, output and error.
    ///
    /// - Parameter notice: told, on any thread, what becomes of the session's forwards.
    /// - Returns: the remote exit code, or 128 and the signal's number.
    func run(_ session: SSHSession, notice: @escaping @Sendable (String) -> Void) throws -> Int32

    /// Copies between here and one box.
    func copy(_ job: CopyJob, progress: @escaping (CopyStep) -> Void) throws -> CopyResult

    /// Connects standard input and output with a box's SSH server, until that ends.
    func relay(to destination: SSHDestination) throws

    /// Whether an SSH server answers on port 22 of the host in time. Nothing is logged in to.
    func hasSSHServer(boxID: String, host: String, within timeout: Duration) -> Bool

    /// Listens on the ports of forwards on this machine, on all or none.
    func listen(_ forwards: [PortForward]) throws -> any PortForwarding

    /// Forgets a box's host key. Harmless when none is known.
    func forgetHost(boxID: String, knownHostsPath: String) throws
}

/// Local ports that are listened on until this goes. Who connects while no connection to the box is carried waits.
public protocol PortForwarding {
    /// With the addresses and ports that the systems gave; the box's are known when a connection is carried.
    var forwards: [PortForward] { get }

    /// Connects and carries until a signal comes or the connection ends.
    ///
    /// - Parameters:
    ///   - onConnect: called once, when the ports can be used.
    ///   - onRefusal: called for the first connection that the box refuses, once until one works again.
    func carry(
        to destination: SSHDestination, onConnect: () throws -> Void,
        onRefusal: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws -> Never
}

/// Where a box takes connections, and with what.
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
    /// Whether to ask for a terminal there.
    public var wantsTerminal: Bool
    /// Whether standard input is a terminal that can be continued there.
    public var hasLocalTerminal: Bool
    /// The value of TERM.
    public var term: String
    /// For the command there.
    public var environment: [EnvironmentVariable] = []
    /// Ports that lead into the box, or from it to here, meanwhile.
    public var forwards: [PortForward] = []
    /// Whether the command gets our standard input; else it has none.
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
    /// So many bytes of a file stay when a connection is lost.
    public static let resumable = SFTPCopy.resumable

    public var destination: SSHDestination
    public var direction: Direction
    public var sources: [String]
    public var target: String
    public var isRecursive: Bool
    public var preservesTimes: Bool
    /// Go on with what an earlier copy left.
    public var resumes = false
    public var compresses = false
    /// Somebody watches it.
    public var isShown = false
}

/// Where a copy stands.
public struct CopyStep: Sendable, Equatable {
    /// The file at work.
    public var file: String
    /// Of that file, so far.
    public var bytes: Int64
    /// Of that file; 0 when it isn't known.
    public var size: Int64
    /// Of the whole copy: files that arrived, and bytes.
    public var files: Int
    public var allBytes: Int64
    /// Of the whole copy, about; nil when it isn't known.
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

/// What came of a copy.
public struct CopyResult: Sendable, Equatable {
    public var files: Int
    public var bytes: Int64
    /// `path: reason` of each file that didn't arrive.
    public var failures: [String]

    public init(files: Int, bytes: Int64, failures: [String] = []) {
        self.files = files
        self.bytes = bytes
        self.failures = failures
    }
}
