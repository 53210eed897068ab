import BoxModel

/// One step of an agent's output, in the same form for every agent.
enum AgentOutput: Sendable, Equatable {
    /// The session that a later run can resume.
    case session(String)
    /// The text that is being written, so far. It is empty when the agent has discarded it.
    case partial(String)
    /// A complete text.
    case text(String)
    case toolStarted(AgentTool)
    /// - Parameters:
    ///   - result: the value for the event: a text, or the agent's own form of a result.
    case toolEnded(AgentTool, result: JSON, isError: Bool)
    /// The provider refuses more requests for now. `retryAfter` is in seconds.
    case usageLimit(String, retryAfter: Int?)
    /// Why the run can't succeed, in the provider's or agent's words.
    case failure(String)
    /// Like `failure`, but the agent keeps retrying what can't succeed.
    case unrecoverable(String)
    /// The usage, as the agent counts it.
    case usage(JSON)
    /// The agent has completed its work.
    case done
}

/// A call of one of an agent's tools.
struct AgentTool: Sendable, Equatable {
    /// The agent's own id of the call.
    var id: String
    var name: String
    var input: JSON

    /// The object that an event shows.
    var json: JSON {
        ["id": .string(id), "type": "tool_use", "name": .string(name), "input": input]
    }
}

/// Parses the output lines of one kind of agent. Unknown lines give no output.
protocol AgentReader: Sendable {
    mutating func read(_ line: JSON) -> [AgentOutput]
}

/// How to start one kind of agent.
protocol AgentLaunch: Sendable {
    /// A bash script. It gets the provider's key in `BOX_PROVIDER_KEY` and the agent's arguments as `$@`.
    var script: String { get }
    func arguments(_ options: AgentOptions) -> [String]
    func environment(_ options: AgentOptions) -> [(name: String, value: String)]
    /// The agent's standard input.
    func input(_ prompt: String) -> String
    func reader() -> any AgentReader
    /// Whether a run without output failed because the session to resume doesn't exist any more.
    func isMissingSession(_ standardError: String, failure: String?) -> Bool
}

/// The settings that an agent is started with.
struct AgentOptions: Sendable {
    var model: String
    var reasoningEffort: String?
    var baseURL: String?
    /// Nil for a new session.
    var session: String?
}

extension AgentCatalog.Provider {
    var launch: any AgentLaunch { name == AgentCatalog.codex.name ? CodexLaunch() : ClaudeLaunch() }
}
