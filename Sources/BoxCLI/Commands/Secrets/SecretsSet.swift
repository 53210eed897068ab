import BoxArguments
import BoxClient
import BoxModel

/// `box secrets set`: sets variables.
struct SecretsSet: Command {
    /// A nil value is read from a file, standard input or the terminal.
    struct Variable: Sendable, Equatable {
        var name: String
        var value: String?
    }

    var variables: [Variable]
    /// The file that has the only value.
    var source: String?

    static let spec = CommandSpec(
        "set", summary: "Give a variable a value",
        discussion: """
            The value is standard input, without one line end at its end; or a file; or on a terminal it is asked for and \
            not shown. NAME=VALUE is possible too, but stands in the shell's history.
            """,
        options: [.value("from-file", "FILE", "take the value from this file", kind: .file)],
        positionals: [PositionalSpec("NAME", "the variable, or several as NAME=VALUE", arity: .oneOrMore)],
        examples: [
            ExampleSpec("box secrets set API_TOKEN", "asks for it"),
            ExampleSpec("pass show token | box secrets set API_TOKEN", "from a program"),
            ExampleSpec("box secrets set SIGNING_KEY --from-file key.pem", "from a file, of any number of lines"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        variables = parsed.arguments("NAME").map { word in
            let name = word.prefix { $0 != "=" }
            let hasValue = name.endIndex < word.endIndex
            return Variable(name: String(name), value: hasValue ? String(word.dropFirst(name.count + 1)) : nil)
        }
        source = parsed.value("from-file")
        // No error shows a word as it was typed, because it could be the secret.
        if variables.count > 1, variables.contains(where: { $0.value == nil }) {
            throw parsed.usageError("several variables need values: write each as NAME=VALUE, or set one at a time")
        }
        if source != nil, variables.contains(where: { $0.value != nil }) {
            throw parsed.usageError("--from-file and NAME=VALUE can't be used together")
        }
        for variable in variables where !EnvironmentRules.isValidName(variable.name) {
            throw parsed.usageError("a NAME is not valid: use a letter or _ and then letters, digits or _")
        }
        for variable in variables where EnvironmentRules.reserved.contains(variable.name) {
            throw parsed.usageError("\(variable.name) is set by the service itself. Use another name")
        }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let values = try variables.map { (name: $0.name, value: try $0.value ?? read($0.name, context)) }
        let setup = try await context.changeSecrets { dotenv, _ in
            for (name, value) in values { try dotenv.set(name, to: value) }
        }
        let names = variables.map(\.name).joined(separator: ", ")
        try context.emitter.show(setup, "\(names) \(variables.count == 1 ? "is" : "are") set")
        return .success
    }

    private func read(_ name: String, _ context: Context) throws -> String {
        if source == nil, context.dependencies.terminal.stdinIsTerminal {
            guard context.canAsk else {
                throw CommandError("\(name) needs a value. give it on standard input, or with --from-file FILE")
            }
            return try context.askSecret("value of \(name)")
        }
        let text = try context.readText(source, maximum: SecretsGroup.maximumSize, advice: SecretsGroup.sizeAdvice)
        // CR LF is a single Character.
        return text.last == "\n" || text.last == "\r\n" ? String(text.dropLast()) : text
    }
}
