import BoxModel

/// What an agent says while it works, whichever agent it is.
enum AgentOutput: Sendable, Equatable {
    /// The session that a later run can go on with.
    case session(String)
    /// The text that is being written, as far as it is there; empty when it was given up.
    case partial(String)
    /// A text that is whole.
    case text(String)
    case toolStarted(AgentTool)
    /// - Parameters:
    ///   - result: as an event shows it; a text, or what the agent has in place of one.
    case toolEnded(AgentTool, result: JSON, isError: Bool)
    /// The provider takes no more work for now. `retryAfter` in seconds.
    case usageLimit(String, retryAfter: Int?)
    /// Why the run can't succeed, in the provider's or agent's words.
    case failure(String)
    /// The same, and the agent goes on trying what can't succeed.
    case unrecoverable(String)
    /// What was used, as the agent counts it.
    case usage(JSON)
    /// The agent has done what it could.
    case done
}

/// A call of one of an agent's tools.
struct AgentTool: Sendable, Equatable {
    /// The agent's own.
    var id: String
    var name: String
    var input: JSON

    /// As an event shows it.
    var json: JSON {
        ["id": .string(id), "type": "tool_use", "name": .string(name), "input": input]
    }
}

/// Understands the lines that one kind of agent prints. Whatever it doesn't know it leaves out.
protocol AgentReader: Sendable {
    mutating func read(_ line: JSON) -> [AgentOutput]
}

/// How one kind of agent is started.
protocol AgentLaunch: Sendable {
    /// For bash, with the provider's key in `BOX_PROVIDER_KEY` and the agent's arguments as `$@`.
    var script: String { get }
    func arguments(_ wish: AgentWish) -> [String]
    func environment(_ wish: AgentWish) -> [(name: String, value: String)]
    /// What the agent reads on its standard input.
    func input(_ prompt: String) -> String
    func reader() -> any AgentReader
    /// Whether a run that said nothing failed because the session that it should go on with isn't there any more.
    func isMissingSession(_ standardError: String, failure: String?) -> Bool
}

/// What an agent is started with.
struct AgentWish: Sendable {
    var model: String
    var reasoningEffort: String?
    var baseURL: String?
    /// Nil for a new one.
    var session: String?
}

extension AgentCatalog.Provider {
    var launch: any AgentLaunch { name == AgentCatalog.codex.name ? CodexLaunch() : ClaudeLaunch() }
}
