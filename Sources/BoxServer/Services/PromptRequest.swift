import BoxModel
import HTTPTypes

/// What the body of a prompt asks for.
struct PromptRequest: Sendable, Equatable {
    let text: String
    let provider: AgentCatalog.Provider
    let model: String?
    let reasoningEffort: String?

    init(_ body: RequestBody) throws {
        text = try body.string("prompt") ?? ""
        guard !text.trimmed.isEmpty else {
            throw APIError(.badRequest, .promptRequired, "prompt is missing or empty: say what the agent should do")
        }
        provider = try Self.provider(body)
        let models = try Self.models(body, of: provider)
        model = try body.string("model", code: .invalidModel)
        reasoningEffort = try body.string("reasoningEffort", code: .invalidReasoningEffort)
        guard let reasoningEffort else { return }
        let efforts = models.flatMap(\.reasoningEfforts)
        guard efforts.contains(reasoningEffort) else {
            let use = efforts.isEmpty ? "\(models[0].name) has none to choose" : "use \(Self.list(efforts))"
            throw APIError(
                .badRequest, .invalidReasoningEffort,
                "reasoningEffort \"\(reasoningEffort.prefix(64))\" is not valid: \(use)")
        }
    }

    private static func provider(_ body: RequestBody) throws -> AgentCatalog.Provider {
        let valid = list(AgentCatalog.providers.map(\.name))
        guard let name = try body.string("provider", code: .invalidProvider)?.trimmed, !name.isEmpty else {
            throw APIError(.badRequest, .providerRequired, "provider is missing: use \(valid)")
        }
        guard let provider = AgentCatalog.provider(name) else {
            throw APIError(
                .badRequest, .invalidProvider, "provider \"\(name.prefix(64))\" is not valid: use \(valid)",
                details: ["providers": .array(AgentCatalog.providers.map { .string($0.name) })])
        }
        return provider
    }

    /// The models that the body leaves: the named one, or all. Providers have new models before this catalog has, so an unknown
    /// one is passed on.
    private static func models(_ body: RequestBody, of provider: AgentCatalog.Provider) throws -> [AgentCatalog.Model] {
        guard let name = try body.string("model", code: .invalidModel) else { return provider.models }
        guard (1...128).contains(name.utf8.count), !name.hasPrefix("-"), name.utf8.allSatisfy(isModelByte) else {
            throw APIError(
                .badRequest, .invalidModel,
                "model \"\(name.prefix(64))\" is not a name that a model can have: use one such as "
                    + list(provider.models.map(\.name)))
        }
        let named = provider.models.filter { $0.name == name }
        return named.isEmpty ? provider.models : named
    }

    private static func isModelByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "-._/:@[]".utf8.contains(byte)
    }

    private static func list(_ words: [String]) -> String {
        var unique: [String] = []
        for word in words where !unique.contains(word) { unique.append(word) }
        return unique.joined(separator: ", ")
    }
}
