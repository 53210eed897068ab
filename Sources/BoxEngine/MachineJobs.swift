import BoxModel

/// Programs that run in a machine on their own, as its user: a job outlives whoever started it, also boxd, and ends with the machine.
///
/// All methods throw what ``MachineExecution``'s do, and ``GuestRefusal`` with ``GuestRefusal/Reason/noSuchJob`` for a job that the
/// machine doesn't have, or no longer.
public protocol MachineJobs: Sendable {
    /// Starts a job. Harmless when the machine has one of that name already, running or ended.
    func startJob(_ job: MachineJob, in id: String) async throws

    /// Hands over all records of a job, those from before too, in order and each once. Returns after the last one.
    ///
    /// - Parameter take: gets those that are there now. The machine waits while it is busy.
    func followJob(_ job: String, in id: String, _ take: @escaping @Sendable ([JobRecord]) async throws -> Void)
        async throws

    /// Ends a job and everything that it started, within a second. Harmless when it has ended.
    func stopJob(_ job: String, in id: String) async throws

    /// Gives up what the machine keeps of a job that has ended.
    func forgetJob(_ job: String, in id: String) async throws

    /// Makes sure that machines have the agents' programs, which are fetched when they are needed first.
    ///
    /// - Throws: ``EngineError`` with words for whoever runs the server.
    func installAgents() async throws
}

/// A job for a machine.
public struct MachineJob: Sendable {
    /// Letters, digits and dashes.
    public var id: String
    /// For `bash -lc`, with `$0`, `$1` …
    public var script: String
    public var arguments: [String]
    /// Besides that of every login. Known to the job's processes only.
    public var environment: [(name: String, value: String)]
    /// The names of those variables whose values must not be in any record.
    public var secrets: [String]
    /// It runs in the first of these that is there, else in the home directory.
    public var directories: [String]
    public var input: [UInt8]
    /// In seconds: the longest that it may say nothing.
    public var silence: Int

    public init(
        id: String, script: String, arguments: [String], environment: [(name: String, value: String)],
        secrets: [String], directories: [String], input: [UInt8], silence: Int
    ) {
        (self.id, self.script, self.arguments, self.environment) = (id, script, arguments, environment)
        (self.secrets, self.directories, self.input, self.silence) = (secrets, directories, input, silence)
    }
}

/// What a job tells while it runs.
public enum JobRecord: Sendable, Equatable {
    /// A line of its standard output.
    case output([UInt8])
    /// A commit that was made in a git repository below its directory.
    case commit(JobCommit)
    /// A commit told of before that its remote has got since.
    case pushed(commit: String)
    /// The last one.
    case ended(JobOutcome)
}

/// A commit, as a `git_checkpoint` event shows it.
public struct JobCommit: Sendable, Equatable {
    public let sha: String
    public let json: JSON

    /// - Parameter json: what the machine says, whose owner can make it say anything.
    /// - Returns: nil when it is none that an event can show.
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

/// How a job ended.
public struct JobOutcome: Sendable, Equatable {
    /// Why it was ended.
    public enum Reason: String, Sendable {
        case stopped
        case silent
        case tooMuchOutput = "too much output"
    }

    /// Nil when a signal ended it.
    public var exitCode: Int?
    /// Such as `SIGKILL`.
    public var signal: String?
    /// Nil for a job that ended by itself.
    public var reason: Reason?
    /// Whether the machine ran out of memory meanwhile.
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

/// Where machines have the agents' programs.
public enum AgentDirectory {
    public static let path = "/opt/agents"
    public static let programs = "\(path)/current/bin"
}

/// What stands where a secret of a job's environment was said.
public enum JobRedaction {
    public static let mark = "[redacted]"
}
