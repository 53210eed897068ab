import BoxArguments
import BoxClient
import BoxModel

/// `box secrets file get`: shows a file that boxes get.
struct SecretsFileGet: Command {
    var path: String

    static let spec = CommandSpec(
        "get", aliases: ["cat"], summary: "Show a file's contents", positionals: [SecretsGroup.path],
        examples: [ExampleSpec("box secrets file get .npmrc > .npmrc", "as it is kept")])

    init(_ parsed: ParsedCommand) throws(UsageError) { path = HomePath.relative(parsed.argument("PATH") ?? "") }

    func run(_ context: Context) async throws -> ExitStatus {
        let setup = try await context.client().secrets()
        guard let index = setup.secretFiles.firstIndex(where: { $0.path == path }) else {
            throw Self.unknown(path, in: setup.secretFiles)
        }
        switch context.emitter.mode {
        case .json: try context.emitter.result(setup.json["secretFiles"]?.array?[index] ?? .null) { _ in "" }
        case .human where context.dependencies.terminal.stdoutIsTerminal:
            try context.emitter.text(Text.prose(setup.secretFiles[index].contents))
        case .human: try context.emitter.raw(Array(setup.secretFiles[index].contents.utf8))
        }
        return .success
    }

    static func unknown(_ path: String, in files: [SecretFile]) -> CommandError {
        let known = files.map { Text.clean($0.path) }
        let there = known.isEmpty ? "there are none" : "there are \(known.joined(separator: ", "))"
        return CommandError("there is no file \(Text.clean(path)). \(there)")
    }
}
