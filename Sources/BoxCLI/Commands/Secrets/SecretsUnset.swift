import BoxArguments
import BoxClient
import BoxModel

/// `box secrets unset`: removes variables.
struct SecretsUnset: Command {
    var names: [String]

    static let spec = CommandSpec(
        "unset", aliases: ["rm", "delete"], summary: "Remove variables",
        positionals: [PositionalSpec("NAME", "the variable", arity: .oneOrMore)],
        examples: [ExampleSpec("box secrets unset API_TOKEN OLD_TOKEN", "two at once")])

    init(_ parsed: ParsedCommand) throws(UsageError) { names = parsed.arguments("NAME") }

    func run(_ context: Context) async throws -> ExitStatus {
        let setup = try await context.changeSecrets { dotenv, _ in
            let unknown = names.filter { dotenv.value(of: $0) == nil }
            guard unknown.isEmpty else { throw SecretsGet.unknown(unknown, in: dotenv) }
            for name in names { try dotenv.remove(name) }
        }
        let text = "\(names.joined(separator: ", ")) \(names.count == 1 ? "is" : "are") removed"
        try context.emitter.show(setup, text)
        return .success
    }
}
