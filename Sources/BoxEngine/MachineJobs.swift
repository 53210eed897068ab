import BoxModel

/// Runs independent programs in a machine as its user. A job outlives its starter, also boxd, and ends with the
/// machine.
///
/// All methods throw the errors of ``MachineExecution``. They throw ``GuestRefusal`` with
/// ``GuestRefusal/Reason/noSuchJob`` for a job that the machine doesn't have, or no longer has.
public protocol MachineJobs: Sendable {
    /// Starts a job. Harmless when the machine already has one with that id, running or ended.
    func startJob(_ job: MachineJob, in id: String) async throws

    /// Passes on all records of a job, including earlier ones, in order and each once. Returns after the last one.
    ///
    /// - Parameter take: receives the records that are available. The machine waits while it runs.
    func followJob(_ job: String, in id: String, _ take: @escaping @Sendable ([JobRecord]) async throws -> Void)
        async throws

    /// Ends a job and everything that it started, within a second. Harmless when it has already ended.
    func stopJob(_ job: String, in id: String) async throws

    /// Removes what the machine stores about a job that has ended.
    func forgetJob(_ job: String, in id: String) async throws

    /// Makes sure that machines have the agents' programs, which are downloaded when they are first needed.
    ///
    /// - Throws: ``EngineError`` with a message for the server's operator.
    func installAgents() async throws
}

/// A job to run in a machine.
public struct MachineJob: Sendable {
    /// The id: letters, digits and dashes.
    public var id: String
    /// The script for `bash -lc`, with `$0`, `$1` and so on.
    public var script: String
    public var arguments: [String]
    /// Variables in addition to those of every login. Only the job's processes get them.
    public var environment: [(name: String, value: String)]
    /// The names of variables whose values must not appear in any record.
    public var secrets: [String]
    /// The job runs in the first of these directories that exists, otherwise in the home directory.
    public var directories: [String]
    public var input: [UInt8]
    /// In seconds: how long the job may write no output.
    public var silence: Int

    public init(
        id: String, script: String, arguments: [String], environment: [(name: String, value: String)],
        secrets: [String], directories: [String], input: [UInt8], silence: Int
    ) {
        (self.id, self.script, self.arguments, self.environment) = (id, script, arguments, environment)
        (self.secrets, self.directories, self.input, self.silence) = (secrets, directories, input, silence)
    }
}

/// A record of a running job.
public enum JobRecord: Sendable, Equatable {
    /// A line of its standard output.
    case output([UInt8])
    /// A commit in a git repository below the job's directory.
    case commit(JobCommit)
    /// An already reported commit that was pushed to its remote since.
    case pushed(commit: String)
    /// The last record.
    case ended(JobOutcome)
}

/// A commit, as a `git_checkpoint` event shows it.
public struct JobCommit: Sendable, Equatable {
    public let sha: String
    public let json: JSON

    /// - Parameter json: from the machine, whose owner controls its contents.
    /// - Returns: nil when an event can't show it.
    public init?(_ json: JSON) {
        func text(_ name: String, _ longest: Int) -> String? {
            json[name]?.text.flatMap { $0.utf8.count <= longest ? $0 : nil }
        }
        func count(_ name: String) -> Int? { json[name]?.int.flatMap { $0 >= 0 ? $0 : nil } }
        guard let sha = text("commitSha", 64), [40, 64].contains(sha.utf8.count), sha.allSatisfy(\.isHexDigit),
            let message = text("commitMessage", 40_000), let branch = text("branch", 1000),
            let files = count("filesChanged"), let additions = count("additions"), let deletions = count("deletions"),
            let isPushed = json["pushed"]?.bool
        else { return nil }
        let url = text("commitUrl", 4000).flatMap { $0.hasPrefix("https://") ? $0 : nil }
        self.sha = sha
        self.json = [
            "commitSha": .string(sha), "commitMessage": .string(message), "commitUrl": JSON(url),
            "branch": .string(branch), "filesChanged": JSON(files), "additions": JSON(additions),
            "deletions": JSON(deletions), "pushed": .bool(isPushed),
        ]
    }
}

/// The outcome of a job.
public struct JobOutcome: Sendable, Equatable {
    /// Why the job was ended.
    public enum Reason: String, Sendable {
        case stopped
        case silent
        case tooMuchOutput = "too much output"
    }

    /// Nil when a signal ended it.
    public var exitCode: Int?
    /// The signal's name, such as `SIGKILL`.
    public var signal: String?
    /// Nil for a job that wasn't ended from outside.
    public var reason: Reason?
    /// Whether the machine ran out of memory during the job.
    public var outOfMemory: Bool
    /// The end of its standard error.
    public var standardError: String

    public init(
        exitCode: Int?, signal: String? = nil, reason: Reason? = nil, outOfMemory: Bool = false,
        standardError: String = ""
    ) {
        (self.exitCode, self.signal, self.reason) = (exitCode, signal, reason)
        (self.outOfMemory, self.standardError) = (outOfMemory, standardError)
    }
}

/// The directories of the agents' programs in machines.
public enum AgentDirectory {
    public static let path = "/opt/agents"
    public static let programs = "\(path)/current/bin"
}

/// The text that replaces a secret of a job's environment in records.
public enum JobRedaction {
    public static let mark = "[redacted]"
}
