import BoxModel

/// A prompt that the server has accepted.
public struct QueuedPrompt: APIAnswer {
    public let json: JSON
    /// The prompt's UUID. Events of its run have it as their `taskId`.
    public let promptID: String

    /// The box's id.
    public var boxID: String? { json["id"]?.string }
    /// The state of the run at its start.
    public var run: PromptRun? { PromptRun(answer: json) }
    /// The prompt's status, normally ``PromptStatus/queued``.
    public var status: PromptStatus {
        json["status"]?.string.map(PromptStatus.init(rawValue:)) ?? run?.status ?? .queued
    }
    /// The provider of the agent that works on it.
    public var provider: String? { json["provider"]?.string }
    /// The provider's model.
    public var model: String? { json["model"]?.string }
    /// The reasoning effort of the model.
    public var reasoningEffort: String? { json["reasoningEffort"]?.string }
}

/// The state of a prompt's run.
public struct PromptRun: JSONView {
    /// The run itself, without the rest of the answer.
    public let json: JSON
    /// The run's status. Servers may have other statuses than those that are named here.
    public let status: PromptStatus
    /// The whole answer that contained the run.
    public let answer: JSON

    /// - Returns: nil when the answer has no run, or the run has no status.
    init?(answer: JSON) {
        guard let run = answer["promptRun"], let status = run["status"]?.string else { return nil }
        json = run
        self.status = PromptStatus(rawValue: status)
        self.answer = answer
    }

    /// The run's id.
    public var id: String? { json["id"]?.string }
    /// The prompt's id.
    public var promptID: String? { json["promptId"]?.string ?? id }
    /// The box's id.
    public var boxID: String? { json["boxId"]?.string ?? answer["id"]?.string }
    /// Whether the server reports the run as over; nil when it doesn't send that. See ``isOver``.
    public var done: Bool? { json["done"]?.bool }
    /// Whether nothing more follows: the run has finished or failed, or the server reports it as over.
    public var isOver: Bool { status.isFinal || done == true }
    /// When the prompt was queued.
    public var createdAt: Timestamp? { json.time("createdAt") }
    /// The provider's model.
    public var model: String? { json["model"]?.string }
    /// The reasoning effort of the model.
    public var reasoningEffort: String? { json["reasoningEffort"]?.string }
}

/// A prompt for a box's agent. The server chooses empty fields.
public struct PromptRequest: Sendable, Equatable {
    /// The prompt's text.
    public var text: String
    /// `codex` or `claude-code`; see `AgentCatalog`.
    public var provider: String?
    /// One of the provider's models; the account's default when nil.
    public var model: String?
    /// The reasoning effort of the model, such as `low` or `high`.
    public var reasoningEffort: String?

    /// A prompt with the account's defaults, except for the given arguments.
    public init(text: String, provider: String? = nil, model: String? = nil, reasoningEffort: String? = nil) {
        self.text = text
        self.provider = provider
        self.model = model
        self.reasoningEffort = reasoningEffort
    }

    var body: JSON {
        var body = JSONObject([("prompt", .string(text))])
        for (name, value) in [("provider", provider), ("model", model), ("reasoningEffort", reasoningEffort)] {
            if let value { body[name] = .string(value) }
        }
        return .object(body)
    }
}
