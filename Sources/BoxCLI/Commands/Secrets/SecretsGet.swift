import BoxArguments
import BoxClient
import BoxModel

/// `box secrets get`: shows the variables that boxes get.
struct SecretsGet: Command {
    /// Nil shows all variables.
    var name: String?
    var showsValues: Bool

    static let spec = CommandSpec(
        "get", aliases: ["list", "ls"], summary: "Show the variables",
        discussion: """
            People see values only with --show. With --json everything is shown: without NAME what the server keeps, files \
            too, and with NAME its name and value.
            """,
        options: [.flag("show", "show values")],
        positionals: [PositionalSpec("NAME", "one variable", arity: .optional)],
        examples: [
            ExampleSpec("box secrets get", "the names"), ExampleSpec("box secrets get API_TOKEN --show", "one value"),
            ExampleSpec("box secrets get --show > .env", "all of it, as it is kept"),
        ])

    private static let mask = "********"

    init(_ parsed: ParsedCommand) throws(UsageError) {
        name = parsed.argument("NAME")
        showsValues = parsed.has("show")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let setup = try await context.client().secrets()
        let dotenv = Dotenv(setup.envContents)
        // Programs and files get the bytes unchanged.
        let shown = context.dependencies.terminal.stdoutIsTerminal ? Text.prose : { $0 }
        if let name {
            guard let value = dotenv.value(of: name) else { throw Self.unknown([name], in: dotenv) }
            try context.emitter.result(["name": .string(name), "value": .string(value)]) { _ in
                (showsValues ? shown(value) : Self.mask) + "\n"
            }
        } else {
            try context.emitter.result(.object(BoxView.withoutEnvelope(setup.json))) { style in
                showsValues ? shown(Self.whole(setup.envContents)) : Self.names(dotenv, style)
            }
            reportProblems(setup, dotenv, context)
        }
        if !showsValues, dotenv.value(of: name ?? "") != nil { context.emitter.notice("add --show to see the value") }
        return .success
    }

    private func reportProblems(_ setup: SecretsSetup, _ dotenv: Dotenv, _ context: Context) {
        let count = setup.secretFiles.count
        if dotenv.variables.isEmpty { context.emitter.notice("no variables. set one with `box secrets set NAME`") }
        if count > 0 { context.emitter.notice("\(Text.count(count, "file")) too: `box secrets file list`") }
    }

    private static func whole(_ text: String) -> String { text.isEmpty || text.hasSuffix("\n") ? text : text + "\n" }

    private static func names(_ dotenv: Dotenv, _ style: Style) -> String {
        let column = dotenv.variables.map { Text.width($0.name) }.max() ?? 0
        return dotenv.variables.map { "\(Text.pad($0.name, to: column))  \(style.dim(mask))\n" }.joined()
    }

    /// Names aren't secret, so the error can list those that exist.
    static func unknown(_ names: [String], in dotenv: Dotenv) -> CommandError {
        let known = dotenv.variables.map(\.name)
        let there = known.isEmpty ? "there are none" : "there are \(known.joined(separator: ", "))"
        return CommandError("there is no variable \(names.map(Text.clean).joined(separator: ", ")). \(there)")
    }
}
