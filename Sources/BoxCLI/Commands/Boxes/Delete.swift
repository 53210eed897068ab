import BoxArguments
import BoxClient
import BoxModel

/// `box delete`: removes a box and its disk.
struct Delete: Command {
    var id: String
    var isConfirmed: Bool

    static let spec = CommandSpec(
        "delete", aliases: ["rm", "remove"], group: CommandSection.boxes, summary: "Delete a box and its disk",
        discussion: "This can't be undone. On a terminal it asks first.",
        options: [.flag("yes", short: "y", "don't ask")], positionals: [.box],
        examples: [ExampleSpec("box delete bx_8pqt6dup --yes", "without a question")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        isConfirmed = parsed.has("yes")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let id = try context.boxID(id)
        let client = try context.client()
        guard isConfirmed || context.confirm("delete \(id) and its disk") else {
            context.emitter.notice("nothing was deleted")
            return .failure
        }
        let deleted = try await client.remove(id)
        context.currentBox.forget(id)
        context.lastAddress.forget(id)
        // The pin of a deleted box is harmless, so a failure to remove it doesn't fail the command.
        try? context.dependencies.ssh.forgetHost(boxID: id, knownHostsPath: context.paths.knownHosts)
        try context.emitter.result(.object(BoxView.withoutEnvelope(deleted.json))) { style in
            "\(style.bold(id)) is deleted\n"
        }
        return .success
    }
}
