import BoxArguments
import BoxClient
import BoxModel

/// `box secrets file set`: adds or replaces a file that boxes get.
struct SecretsFileSet: Command {
    var path: String
    /// Nil reads standard input.
    var source: String?

    static let spec = CommandSpec(
        "set", aliases: ["add"], summary: "Add or replace a file",
        discussion: "The contents are standard input, or a file here. They are text in UTF-8.",
        options: [.value("from-file", "FILE", "take the contents from this file here", kind: .file)],
        positionals: [SecretsGroup.path],
        examples: [
            ExampleSpec("box secrets file set .npmrc --from-file ~/.npmrc", "from a file"),
            ExampleSpec("box secrets file set app/key.pem < key.pem", "from standard input"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        path = HomePath.relative(parsed.argument("PATH") ?? "")
        source = parsed.value("from-file")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let contents = try context.readText(
            source, maximum: SecretsGroup.maximumSize, advice: SecretsGroup.sizeAdvice)
        let setup = try await context.changeSecrets { _, files in
            if let index = files.firstIndex(where: { $0.path == path }) {
                files[index].contents = contents
            } else {
                files.append(SecretFile(path: path, contents: contents))
            }
        }
        try context.emitter.show(setup, "\(Text.clean(path)) is set")
        return .success
    }
}
