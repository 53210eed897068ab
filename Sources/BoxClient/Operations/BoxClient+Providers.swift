import BoxModel

/// The changes of a provider. Nil fields stay unchanged.
public struct ProviderChanges: Sendable, Equatable {
    /// The new value of a setting.
    public enum Setting: Sendable, Equatable {
        case value(String)
        /// The provider's default is used again.
        case none

        fileprivate var json: JSON { if case .value(let text) = self { .string(text) } else { .null } }
    }

    /// A secret. It is required the first time; at most 4096 bytes without white space.
    public var apiKey: String?
    /// The base URL of a compatible API: http or https, without a user, query or fragment.
    public var baseURL: Setting?
    /// The model for prompts without one.
    public var model: Setting?
    /// The reasoning effort for prompts without one.
    public var reasoningEffort: Setting?
    /// True makes it the default provider. The first provider that is set up becomes the default anyway.
    public var isDefault: Bool?

    /// A change of the given fields.
    public init(
        apiKey: String? = nil, baseURL: Setting? = nil, model: Setting? = nil, reasoningEffort: Setting? = nil,
        isDefault: Bool? = nil
    ) {
        self.apiKey = apiKey
        self.baseURL = baseURL
        self.model = model
        self.reasoningEffort = reasoningEffort
        self.isDefault = isDefault
    }

    var body: JSON {
        var body = JSONObject()
        if let apiKey { body["apiKey"] = .string(apiKey) }
        for (name, setting) in [("baseUrl", baseURL), ("model", model), ("reasoningEffort", reasoningEffort)] {
            if let setting { body[name] = setting.json }
        }
        if let isDefault { body["isDefault"] = .bool(isDefault) }
        return .object(body)
    }
}

extension ProviderChanges: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the API key.
    public var description: String {
        var shown = self
        if apiKey != nil { shown.apiKey = "…" }
        return "ProviderChanges(\(shown.body.compact))"
    }
    /// Without the API key.
    public var debugDescription: String { description }
    /// Without the API key, for `dump`.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension BoxClient {
    /// Lists the providers of agents and the account's settings for them. `GET /providers`.
    public func providers() async throws -> ProviderList {
        let json = try await send(APICall(method: .get, path: APIPath.providers()))
        guard json["providers"]?.array != nil else { throw unexpectedShape("it has no list of providers") }
        return ProviderList(json: json)
    }

    /// Sets up a provider, or changes its settings. `PUT /providers/{name}`. Never repeated automatically.
    ///
    /// - Parameter name: `codex` or `claude-code`; see `AgentCatalog`.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_provider`, `invalid_api_key` (also when it is missing the first
    ///   time), `invalid_base_url`, `invalid_model`, `invalid_reasoning_effort` or `no_changes`. The error never
    ///   contains the API key, even when the server repeats it.
    public func setProvider(_ name: String, _ changes: ProviderChanges) async throws -> UpdatedProvider {
        let json: JSON
        do {
            json = try await send(APICall(method: .put, path: APIPath.provider(name), body: changes.body))
        } catch BoxError.api(let failure) {
            throw BoxError.api(changes.apiKey.map(failure.hiding) ?? failure)
        }
        guard let provider = json["provider"].flatMap(ProviderSetup.init(json:)) else {
            throw unexpectedShape("it has no provider")
        }
        return UpdatedProvider(json: json, provider: provider)
    }

    /// Deletes a provider's API key and settings. `DELETE /providers/{name}`. Never repeated automatically.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `invalid_provider`, or `not_found` when it isn't set up.
    public func removeProvider(_ name: String) async throws -> RemovedProvider {
        let json = try await send(APICall(method: .delete, path: APIPath.provider(name)))
        guard json["provider"]?.string != nil else { throw unexpectedShape("it names no provider") }
        return RemovedProvider(json: json)
    }
}
