import BoxModel
import HTTPTypes

/// What the body of a prompt asks for.
struct PromptRequest: Sendable, Equatable {
    let text: String
    let provider: AgentCatalog.Provider
    let model: String?
    let reasoningEffort: String?

    /// - Parameter fallback: the provider where the body names none.
    init(_ body: RequestBody, fallback: AgentCatalog.Provider?) throws {
        text = try body.string("prompt") ?? ""
        guard !text.trimmed.isEmpty else {
            throw APIError(.promptRequired, "prompt is missing or empty: say what the agent should do")
        }
        if let name = try body.string("provider", code: .invalidProvider)?.trimmed, !name.isEmpty {
            provider = try ModelChoice.provider(name)
        } else if let fallback {
            provider = fallback
        } else {
            throw APIError(
                .providerRequired, "provider is missing: use \(ModelChoice.validProviders)")
        }
        try ModelChoice.checkEffort(body, among: ModelChoice.models(body, of: provider))
        model = try body.string("model", code: .invalidModel)
        reasoningEffort = try body.string("reasoningEffort", code: .invalidReasoningEffort)
    }
}
