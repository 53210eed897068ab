/// The agents that boxes have, with their models and the models' reasoning efforts.
public enum AgentCatalog {
    public struct Provider: Sendable, Equatable {
        /// The name as it is stored and sent.
        public let name: String
        /// A shorter name that is accepted too.
        public let alias: String?
        public let models: [Model]
        public let defaultModel: String
    }

    public struct Model: Sendable, Equatable {
        public let name: String
        /// Empty where there is no choice.
        public let reasoningEfforts: [String]
    }

    public static let codex = Provider(
        name: "codex", alias: nil,
        models: ["gpt-5.5", "gpt-5.4", "gpt-5.4-mini"].map {
            Model(name: $0, reasoningEfforts: ["none", "low", "medium", "high", "xhigh"])
        } + [Model(name: "gpt-5.3-codex", reasoningEfforts: ["low", "medium", "high", "xhigh"])],
        defaultModel: "gpt-5.4")

    public static let claudeCode = Provider(
        name: "claude-code", alias: "claude",
        models: [
            Model(name: "opus", reasoningEfforts: ["low", "medium", "high", "max"]),
            Model(name: "sonnet", reasoningEfforts: ["low", "medium", "high"]),
            Model(name: "haiku", reasoningEfforts: []),
        ],
        defaultModel: "sonnet")

    public static let providers = [codex, claudeCode]

    /// The provider of that name or alias.
    public static func provider(_ name: String) -> Provider? {
        providers.first { $0.name == name || $0.alias == name }
    }
}
