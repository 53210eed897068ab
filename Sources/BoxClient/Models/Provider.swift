import BoxModel

/// An account's settings for one provider of agents, without its API key.
public struct ProviderSetup: JSONView {
    public let json: JSON

    /// - Returns: nil when the value names no provider.
    public init?(json: JSON) {
        guard json["provider"]?.string != nil else { return nil }
        self.json = json
    }

    /// `codex`, `claude-code`, or a name that is newer than this version.
    public var name: String { json["provider"]?.string ?? "" }
    /// Whether it has an API key, so that prompts can use it.
    public var isConfigured: Bool { json["configured"]?.bool ?? false }
    /// Whether prompts without a provider use it.
    public var isDefault: Bool { json["isDefault"]?.bool ?? false }
    /// The last characters of the API key; nil without a key.
    public var keyLastFour: String? { json["keyLastFour"]?.string }
    /// The base URL of its API; nil for the provider's default.
    public var baseURL: String? { json["baseUrl"]?.string }
    /// The model for prompts without one; nil for the agent's default.
    public var model: String? { json["model"]?.string }
    /// The reasoning effort for prompts without one; nil for the model's default.
    public var reasoningEffort: String? { json["reasoningEffort"]?.string }
    /// When it was last changed; nil when it isn't set up.
    public var updatedAt: Timestamp? { json.time("updatedAt") }
}

/// Every provider of agents that the server supports, set up or not.
public struct ProviderList: APIAnswer {
    public let json: JSON
    /// The providers, in the server's order.
    public var providers: [ProviderSetup] { json.list("providers", ProviderSetup.init(json:)) }
}

/// A provider after a change.
public struct UpdatedProvider: APIAnswer {
    public let json: JSON
    /// The provider's settings now.
    public let provider: ProviderSetup
}

/// A provider that was removed.
public struct RemovedProvider: APIAnswer {
    public let json: JSON
    /// The provider's name.
    public var name: String? { json["provider"]?.string }
}
