import BoxModel

/// What an account has set up for one provider of agents. Its API key isn't part of it.
public struct ProviderSetup: JSONView {
    public let json: JSON

    /// - Returns: nil when the value names no provider.
    public init?(json: JSON) {
        guard json["provider"]?.string != nil else { return nil }
        self.json = json
    }

    /// `codex`, `claude-code`, or one that is newer than this version.
    public var name: String { json["provider"]?.string ?? "" }
    /// Whether it has an API key, so that prompts can use it.
    public var isConfigured: Bool { json["configured"]?.bool ?? false }
    /// Whether prompts that name no provider use it.
    public var isDefault: Bool { json["isDefault"]?.bool ?? false }
    /// The API key's last characters; nil without a key.
    public var keyLastFour: String? { json["keyLastFour"]?.string }
    /// Where its API is; nil for the provider's own address.
    public var baseURL: String? { json["baseUrl"]?.string }
    /// For prompts that name no model; nil for the agent's own choice.
    public var model: String? { json["model"]?.string }
    /// For prompts that name no effort; nil for the model's own.
    public var reasoningEffort: String? { json["reasoningEffort"]?.string }
    /// When it was changed last; nil when it isn't set up.
    public var updatedAt: Timestamp? { json.time("updatedAt") }
}

/// Every provider of agents that the server knows, set up or not.
public struct ProviderList: APIAnswer {
    public let json: JSON
    /// In the server's order.
    public var providers: [ProviderSetup] { json.list("providers", ProviderSetup.init(json:)) }
}

/// A provider after a change.
public struct UpdatedProvider: APIAnswer {
    public let json: JSON
    /// As it is now.
    public let provider: ProviderSetup
}

/// A provider that isn't set up any more.
public struct RemovedProvider: APIAnswer {
    public let json: JSON
    /// Its name.
    public var name: String? { json["provider"]?.string }
}
