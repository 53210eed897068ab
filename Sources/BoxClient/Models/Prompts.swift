import BoxModel

/// A prompt that the server has taken.
public struct QueuedPrompt: APIAnswer {
    public let json: JSON
    /// A UUID. Events of the prompt's run have it as their `taskId`.
    public let promptID: String

    /// The box's.
    public var boxID: String? { json["id"]?.string }
    /// How the run stands at its beginning.
    public var run: PromptRun? { PromptRun(answer: json) }
    /// Where the prompt stands, as a rule ``PromptStatus/queued``.
    public var status: PromptStatus {
        json["status"]?.string.map(PromptStatus.init(rawValue:)) ?? run?.status ?? .queued
    }
    /// Who works on it.
    public var provider: String? { json["provider"]?.string }
    /// The provider's model.
    public var model: String? { json["model"]?.string }
    /// How much the model thinks.
    public var reasoningEffort: String? { json["reasoningEffort"]?.string }
}

/// How a prompt's run stands.
public struct PromptRun: JSONView {
    /// The run itself, without what is around it.
    public let json: JSON
    /// Where it stands. Servers may have other states than those that have names here.
    public let status: PromptStatus
    /// The whole answer that had it.
    public let answer: JSON

    /// - Returns: nil when the answer has no run, or that no status.
    init?(answer: JSON) {
        guard let run = answer["promptRun"], let status = run["status"]?.string else { return nil }
        json = run
        self.status = PromptStatus(rawValue: status)
        self.answer = answer
    }

    /// The run's own.
    public var id: String? { json["id"]?.string }
    /// The prompt's.
    public var promptID: String? { json["promptId"]?.string ?? id }
    /// The box's.
    public var boxID: String? { json["boxId"]?.string ?? answer["id"]?.string }
    /// What the server says about whether it is over; nil when it doesn't. See ``isOver``.
    public var done: Bool? { json["done"]?.bool }
    /// Whether nothing more comes: it has finished or failed, or the server says that it is done.
    public var isOver: Bool { status.isFinal || done == true }
    /// When the prompt was queued.
    public var createdAt: Timestamp? { json.time("createdAt") }
    /// The provider's model.
    public var model: String? { json["model"]?.string }
    /// How much the model thinks.
    public var reasoningEffort: String? { json["reasoningEffort"]?.string }
}

/// A prompt for a box's agent. Empty fields are left to the server.
public struct PromptRequest: Sendable, Equatable {
    /// What to do.
    public var text: String
    /// `codex` or `claude-code`; see `AgentCatalog`.
    public var provider: String?
    /// One of the provider's; the account's default when not given.
    public var model: String?
    /// How much the model should think, such as `low` or `high`.
    public var reasoningEffort: String?

    /// A prompt with the account's defaults, unless something is given.
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
