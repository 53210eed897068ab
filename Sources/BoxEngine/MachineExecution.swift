import BoxModel

/// Working in a running machine as its user. Calls about one machine may overlap with each other and with everything else.
///
/// All of them throw ``EngineError`` with ``EngineError/Reason/machineNotRunning`` when the machine doesn't run, or ends meanwhile, and
/// ``GuestRefusal`` when the machine says no. Paths are relative to the user's home directory, or absolute; after links are
/// followed, which happens in the machine, they have to be under the home directory or `/tmp`.
public protocol MachineExecution: Sendable {
    /// Runs a command and waits until it has ended or its time is up. Cancelling the task kills it.
    func run(_ command: MachineCommand, in id: String) async throws -> CommandOutcome

    /// Opens a regular file for reading.
    ///
    /// - Parameter limit: in bytes; a larger file is refused. Nil for no limit.
    func openFile(_ path: String, of id: String, limit: Int?) async throws -> OpenFile

    /// Writes a file, with the directories above it. It is there as a whole or as it was before.
    func writeFile(_ path: String, _ contents: FileSource, in id: String) async throws

    /// Removes and writes files, each for itself.
    ///
    /// - Returns: what could not be done, by path.
    func apply(_ change: FileChange, in id: String) async throws -> [String: String]
}

/// A command for a machine.
public struct MachineCommand: Sendable {
    /// For `bash -lc`. Of any length.
    public var script: String
    /// `$0`, `$1` … of the script.
    public var arguments: [String]
    /// Besides that of every login.
    public var environment: [(name: String, value: String)]
    public var workingDirectory: String?
    /// In seconds. When it is over, the command's process group is killed.
    public var timeout: Int
    /// In bytes, of each output stream. What comes after is dropped.
    public var outputLimit: Int

    public init(
        script: String, arguments: [String] = [], environment: [(name: String, value: String)] = [],
        workingDirectory: String? = nil, timeout: Int, outputLimit: Int
    ) {
        (self.script, self.arguments, self.environment) = (script, arguments, environment)
        (self.workingDirectory, self.timeout, self.outputLimit) = (workingDirectory, timeout, outputLimit)
    }
}

/// How a command ended.
public struct CommandOutcome: Sendable, Equatable {
    /// As a shell tells it: 124 when the time was up, 128 and the signal's number when a signal ended the command.
    public var exitCode: Int
    /// Such as `SIGKILL`.
    public var signal: String?
    public var timedOut = false
    public var stdout: [UInt8] = []
    public var stderr: [UInt8] = []
    public var stdoutIsTruncated = false
    public var stderrIsTruncated = false
    /// Absolute.
    public var workingDirectory: String
    public var startedAt: Timestamp
    public var finishedAt: Timestamp

    public init(exitCode: Int, workingDirectory: String, startedAt: Timestamp, finishedAt: Timestamp) {
        (self.exitCode, self.workingDirectory) = (exitCode, workingDirectory)
        (self.startedAt, self.finishedAt) = (startedAt, finishedAt)
    }
}

/// A file of a machine while it is being read. Closes when nobody refers to it any more.
public final class OpenFile: Sendable {
    /// In bytes.
    public let size: Int
    private let nextPiece: @Sendable () async throws -> [UInt8]?
    private let close: @Sendable () -> Void

    /// - Parameter next: the next bytes, nil at the end.
    public init(
        size: Int, next: @escaping @Sendable () async throws -> [UInt8]?, close: @escaping @Sendable () -> Void = {}
    ) {
        (self.size, nextPiece, self.close) = (size, next, close)
    }

    deinit { close() }

    /// The next bytes, nil at the end. One caller at a time.
    public func next() async throws -> [UInt8]? { try await nextPiece() }

    /// - Throws: what reading throws, and ``EngineError`` when the file has become shorter meanwhile.
    public func wholeContents() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await next() { bytes += piece }
        guard bytes.count == size else { throw EngineError(.failed, "the file became shorter while it was read") }
        return bytes
    }
}

/// Where the bytes of a file come from.
public enum FileSource: Sendable {
    case bytes([UInt8])
    /// A file of the host, by its path. It is never held as a whole.
    case file(String)
}

/// Files to remove and to write.
public struct FileChange: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        public var path: String
        public var contents: [UInt8]
        /// Permissions, such as 0o600.
        public var mode: Int

        public init(path: String, contents: [UInt8], mode: Int) {
            (self.path, self.contents, self.mode) = (path, contents, mode)
        }
    }

    public var removing: [String]
    public var writing: [File]

    public init(removing: [String] = [], writing: [File] = []) { (self.removing, self.writing) = (removing, writing) }

    public var isEmpty: Bool { removing.isEmpty && writing.isEmpty }
}

/// Why a machine doesn't do what it was asked for: for the person who owns the box.
public struct GuestRefusal: Error, Sendable, Equatable {
    public enum Reason: String, Sendable {
        case invalidPath = "invalid_path"
        case fileNotFound = "file_not_found"
        case fileTooLarge = "file_too_large"
        case noSuchJob = "no_such_job"
    }

    public let reason: Reason
    public let message: String

    public init(_ reason: Reason, _ message: String) { (self.reason, self.message) = (reason, message) }
}
