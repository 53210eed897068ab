import BoxArguments
import BoxClient
import BoxModel

/// `box secrets file remove`: removes a file that boxes get.
struct SecretsFileRemove: Command {
    var path: String

    static let spec = CommandSpec(
        "remove", aliases: ["rm", "delete"], summary: "Remove a file", positionals: [SecretsGroup.path],
        examples: [ExampleSpec("box secrets file remove .npmrc", "boxes made from now on don't get it")])

    init(_ parsed: ParsedCommand) throws(UsageError) { path = HomePath.relative(parsed.argument("PATH") ?? "") }

    func run(_ context: Context) async throws -> ExitStatus {
        let setup = try await context.changeSecrets { _, files in
            guard files.contains(where: { $0.path == path }) else { throw SecretsFileGet.unknown(path, in: files) }
            files.removeAll { $0.path == path }
        }
        try context.emitter.show(setup, "\(Text.clean(path)) is removed")
        return .success
    }
}
