import BoxModel
import BoxStore

/// The parsed body of a prompt.
package struct PromptRequest: Sendable, Equatable {
    package let text: String
    package let provider: AgentCatalog.Provider
    package let model: String?
    package let reasoningEffort: String?

    /// - Parameter fallback: the provider when the body names none.
    package init(_ body: JSONBody, fallback: AgentCatalog.Provider?) throws {
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
