/// The outcome of a program that was run.
public struct ProcessResult: Sendable, Equatable {
    /// The exit code, or 128 and the signal's number.
    public var status: Int32
    public var output: [UInt8]
    public var errors: [UInt8]

    public init(status: Int32, output: [UInt8] = [], errors: [UInt8] = []) {
        self.status = status
        self.output = output
        self.errors = errors
    }
}

/// What the command line does with other processes.
public protocol ProcessControl: Sendable {
    var isRoot: Bool { get }
    /// This program's file.
    var ownPath: String { get }
    /// A program beside this one, else on PATH.
    func find(_ program: String) -> String?
    /// Runs a program to its end, with our standard input.
    ///
    /// - Parameter capturesErrors: false lets it write to our standard error. Its output is always captured.
    func run(_ arguments: [String], capturesErrors: Bool) throws -> ProcessResult
    /// Starts a program that outlives this one, in its own session. Its output is appended to a file.
    ///
    /// - Returns: its process id.
    func startDetached(_ arguments: [String], log: String) throws -> Int32
    func isAlive(_ process: Int32) -> Bool
    /// The file name of the program that the process runs; nil when it is unknown.
    func programName(of process: Int32) -> String?
    /// Asks the process to end (SIGTERM).
    func terminate(_ process: Int32) throws
}
