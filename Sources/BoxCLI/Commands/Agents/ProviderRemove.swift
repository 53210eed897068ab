import BoxArguments
import BoxClient
import BoxModel

/// `box provider remove`: deletes a provider's API key and settings.
struct ProviderRemove: Command {
    var name: String
    var isConfirmed: Bool

    static let spec = CommandSpec(
        "remove", aliases: ["rm", "delete"], summary: "Forget a provider's API key and settings",
        discussion: "Prompts can't use it from then on. On a terminal it asks first.",
        options: [.flag("yes", short: "y", "don't ask")], positionals: [ProviderGroup.name],
        examples: [ExampleSpec("box provider remove codex --yes", "without a question")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        name = parsed.argument("PROVIDER") ?? ""
        isConfirmed = parsed.has("yes")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let name = try AgentChoice(provider: name).checked().provider ?? ""
        let client = try context.client()
        guard isConfirmed || context.confirm("forget the API key and settings of \(name)") else {
            context.emitter.notice("nothing was removed")
            return .failure
        }
        let removed = try await ProviderGroup.naming("\(name) is not set up", "see what is with `box provider list`") {
            try await client.removeProvider(name)
        }
        try context.emitter.result(.object(BoxView.withoutEnvelope(removed.json))) { style in
            "\(style.bold(name)) is removed\n"
        }
        return .success
    }
}
