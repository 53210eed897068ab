import BoxArguments
import BoxClient
import BoxModel

/// `box provider`: manages what the agents of boxes work with.
enum ProviderGroup {
    static let spec = CommandSpec(
        "provider", aliases: ["providers"], group: CommandSection.agents,
        summary: "Set up what the agents of boxes work with",
        discussion: """
            Codex needs an API key of OpenAI, Claude Code one of Anthropic. The server keeps it encrypted and gives it to the \
            agent's process alone. The first provider that is set up is the one of prompts without --provider.
            """,
        examples: [
            ExampleSpec("box provider set codex", "asks for the API key and doesn't show it"),
            ExampleSpec("box provider set claude --key-env ANTHROPIC_API_KEY --default", "from the environment"),
            ExampleSpec("box provider list", "what is set up"),
        ])

    static let name = PositionalSpec("PROVIDER", "codex or claude-code (claude)", kind: .provider)

    /// Replaces the "not found" error, which would otherwise be about a box.
    static func naming<Value: Sendable>(
        _ message: String, _ advice: String, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch BoxError.api(let failure) where failure.code == .notFound && failure.details?["route"] == nil {
            throw AdvisedError(error: .api(failure), message: "not found (404). \(message)", advice: advice)
        }
    }

    /// Servers without these operations answer only "not found".
    static func onServerWithProviders<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await naming("this server has no providers to set up", "look in its dashboard", body)
    }
}
