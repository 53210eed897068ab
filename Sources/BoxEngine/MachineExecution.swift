import BoxModel

/// Works in a running machine as its user. Calls about one machine may overlap with each other and with everything
/// else.
///
/// All methods throw ``EngineError`` with ``EngineError/Reason/machineNotRunning`` when the machine doesn't run, or
/// ends meanwhile. They throw ``GuestRefusal`` when the machine refuses.
///
/// Paths are relative to the user's home directory, or absolute. The machine follows links; the result must be under
/// the home directory or `/tmp`.
public protocol MachineExecution: Sendable {
    /// Runs a command and waits until it has ended or its timeout expires. Cancelling the task kills it.
    func run(_ command: MachineCommand, in id: String) async throws -> CommandOutcome

    /// Opens a regular file for reading.
    ///
    /// - Parameter limit: in bytes; a larger file is refused. Nil for no limit.
    func openFile(_ path: String, of id: String, limit: Int?) async throws -> OpenFile

    /// Writes a file and creates missing parent directories. The file is replaced completely or not at all.
    func writeFile(_ path: String, _ contents: FileSource, in id: String) async throws

    /// Removes and writes files. Each one succeeds or fails on its own.
    ///
    /// - Returns: the failures, by path.
    func apply(_ change: FileChange, in id: String) async throws -> [String: String]
}

/// A command to run in a machine.
public struct MachineCommand: Sendable {
    /// The script for `bash -lc`, of any length.
    public var script: String
    /// The script's `$0`, `$1` and so on.
    public var arguments: [String]
    /// Variables in addition to those of every login.
    public var environment: [(name: String, value: String)]
    public var workingDirectory: String?
    /// In seconds. Then the command's process group is killed.
    public var timeout: Int
    /// In bytes, for each output stream. Output beyond it is dropped.
    public var outputLimit: Int

    public init(
        script: String, arguments: [String] = [], environment: [(name: String, value: String)] = [],
        workingDirectory: String? = nil, timeout: Int, outputLimit: Int
    ) {
        (self.script, self.arguments, self.environment) = (script, arguments, environment)
        (self.workingDirectory, self.timeout, self.outputLimit) = (workingDirectory, timeout, outputLimit)
    }
}

/// The outcome of a command.
public struct CommandOutcome: Sendable, Equatable {
    /// By a shell's convention: 124 after a timeout, and 128 plus the signal's number when a signal ended the command.
    public var exitCode: Int
    /// The signal's name, such as `SIGKILL`.
    public var signal: String?
    public var timedOut = false
    public var stdout: [UInt8] = []
    public var stderr: [UInt8] = []
    public var stdoutIsTruncated = false
    public var stderrIsTruncated = false
    /// The absolute path.
    public var workingDirectory: String
    public var startedAt: Timestamp
    public var finishedAt: Timestamp

    public init(exitCode: Int, workingDirectory: String, startedAt: Timestamp, finishedAt: Timestamp) {
        (self.exitCode, self.workingDirectory) = (exitCode, workingDirectory)
        (self.startedAt, self.finishedAt) = (startedAt, finishedAt)
    }
}

/// A file of a machine that is open for reading. It closes at deinit.
public final class OpenFile: Sendable {
    /// The file's size in bytes.
    public let size: Int
    private let nextPiece: @Sendable () async throws -> [UInt8]?
    private let close: @Sendable () -> Void

    /// - Parameter next: returns the next bytes, nil at the end.
    public init(
        size: Int, next: @escaping @Sendable () async throws -> [UInt8]?, close: @escaping @Sendable () -> Void = {}
    ) {
        (self.size, nextPiece, self.close) = (size, next, close)
    }

    deinit { close() }

    /// The next bytes, nil at the end. Only one caller at a time.
    public func next() async throws -> [UInt8]? { try await nextPiece() }

    /// - Throws: errors of the reads, and ``EngineError`` when the file has become shorter meanwhile.
    public func wholeContents() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await next() { bytes += piece }
        guard bytes.count == size else { throw EngineError(.failed, "the file became shorter while it was read") }
        return bytes
    }
}

/// The source of a file's bytes.
public enum FileSource: Sendable {
    case bytes([UInt8])
    /// A file of the host, by its path. It is never held in memory as a whole.
    case file(String)
}

/// Files to remove and to write.
public struct FileChange: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        public var path: String
        public var contents: [UInt8]
        /// The permission bits, such as 0o600.
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

/// Why a machine refuses a request, in a form for the box's owner.
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
