import BoxArguments
import BoxClient
import BoxModel

/// `box api-key rotate`: replaces a key's secret.
struct APIKeyRotate: Command {
    var id: String

    static let spec = CommandSpec(
        "rotate", summary: "Give an API key another secret, and show it once",
        discussion: "The old secret stops working. If it is the one that `box` uses, log in again with the new one.",
        positionals: [APIKeyGroup.id],
        examples: [ExampleSpec("box api-key rotate sak_1 | box login -", "and log in with the new secret")])

    init(_ parsed: ParsedCommand) throws(UsageError) { id = parsed.argument("KEY_ID") ?? "" }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let issued = try await APIKeyGroup.naming(id) { try await client.rotateAPIKey(id) }
        let text = "store this secret of the key \(id) now: it is not shown again, and the old one works no more"
        try context.emitter.show(issued, notice: text)
        return .success
    }
}
