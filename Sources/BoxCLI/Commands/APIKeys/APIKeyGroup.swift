import BoxArguments
import BoxClient
import BoxModel

/// `box api-key`: the keys of the account.
enum APIKeyGroup {
    static let spec = CommandSpec(
        "api-key", aliases: ["api-keys"], group: CommandSection.account, summary: "Manage the account's API keys",
        discussion:
            "A key's secret is told once, when it is made or rotated. The list has its first and last characters.",
        examples: [
            ExampleSpec("box api-key create --name ci", "a key for CI"),
            ExampleSpec("box api-key list", "all of them"),
        ])

    static let id = PositionalSpec("KEY_ID", "the key's id, as `box api-key list` shows it", kind: .boxID)

    /// Replaces the "not found" error, which would otherwise be about a box.
    static func naming<Value: Sendable>(_ id: String, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as BoxError where error.code == .notFound {
            throw AdvisedError(
                error: error, message: "not found (404). there is no API key \(Text.clean(id))",
                advice: "see those there are with `box api-key list`")
        }
    }
}

extension Emitter {
    /// Shows a secret that can't be shown again.
    func show(_ issued: IssuedAPIKey, notice text: String) throws {
        try result(.object(BoxView.withoutEnvelope(issued.json))) { _ in Text.clean(issued.secret) + "\n" }
        notice(text)
    }
}
