import BoxArguments
import BoxClient
import BoxModel

/// `box api-key delete`: deletes a key.
struct APIKeyDelete: Command {
    var id: String
    var isConfirmed: Bool

    static let spec = CommandSpec(
        "delete", aliases: ["rm", "revoke"], summary: "Delete an API key",
        discussion: "Whoever uses it is refused from then on. On a terminal it asks first.",
        options: [.flag("yes", short: "y", "don't ask")], positionals: [APIKeyGroup.id],
        examples: [ExampleSpec("box api-key delete sak_1 --yes", "without a question")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("KEY_ID") ?? ""
        isConfirmed = parsed.has("yes")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        guard isConfirmed || context.confirm("delete the API key \(id)") else {
            context.emitter.notice("nothing was deleted")
            return .failure
        }
        let left = try await APIKeyGroup.naming(id) { try await client.deleteAPIKey(id) }
        try context.emitter.result(.object(BoxView.withoutEnvelope(left.json))) { style in
            "\(style.bold(Text.clean(id))) is deleted\n"
        }
        return .success
    }
}
