import BoxArguments
import BoxClient
import BoxModel

/// `box api-key create`: creates a key.
struct APIKeyCreate: Command {
    var name: String?

    static let spec = CommandSpec(
        "create", aliases: ["new"], summary: "Make an API key, and show its secret once",
        options: [.value("name", short: "n", "NAME", "what it is for (at most 80 characters)")],
        examples: [ExampleSpec("box api-key create --name ci > key", "only the secret goes to standard output")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        name = parsed.value("name")
        if name?.isEmpty == true { throw parsed.usageError("--name is empty") }
        if let name, name.unicodeScalars.count > 80 { throw parsed.usageError("--name has more than 80 characters") }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let issued = try await context.client().createAPIKey(name: name)
        let id = issued.key.map { " \(Text.clean($0.id))" } ?? ""
        try context.emitter.show(issued, notice: "store the secret of the key\(id) now: it is not shown again")
        return .success
    }
}
