import BoxArguments
import BoxClient
import BoxModel

/// `box secrets import`: sets the variables of a file.
struct SecretsImport: Command {
    /// `-` reads standard input.
    var file: String
    var replaces: Bool

    static let spec = CommandSpec(
        "import", summary: "Set all variables of a .env file",
        discussion: "Other variables stay as they are, unless --replace makes the file all that there is.",
        options: [.flag("replace", "remove what isn't in the file; comments and order become the file's")],
        positionals: [PositionalSpec("FILE", "the file, or - for standard input", kind: .file)],
        examples: [
            ExampleSpec("box secrets import .env", "add to what is there"),
            ExampleSpec("box secrets import --replace .env.production", "nothing but these"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        file = parsed.argument("FILE") ?? ""
        replaces = parsed.has("replace")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let text = try context.readText(file, maximum: SecretsGroup.maximumSize, advice: SecretsGroup.sizeAdvice)
        let imported = Dotenv(text)
        try check(imported)
        let setup = try await context.changeSecrets { dotenv, _ in
            if replaces {
                dotenv = imported
                return
            }
            for (name, value) in imported.variables { try dotenv.set(name, to: value) }
        }
        let count = imported.variables.count
        try context.emitter.show(setup, "\(Text.count(count, "variable")) \(count == 1 ? "is" : "are") set")
        return .success
    }

    /// Checks the imported file. Errors name lines by number, because a line's text could be a secret.
    private func check(_ imported: Dotenv) throws(CommandError) {
        let name = file == "-" ? "standard input" : file
        if let line = imported.unreadableLines.first {
            throw CommandError("line \(line) of \(name) is not NAME=VALUE and no comment. correct it")
        }
        for variable in imported.variables {
            guard EnvironmentRules.isValidName(variable.name) else {
                throw CommandError(
                    "\(name) has the name \(variable.name), which is not valid: use a letter or _ and then letters, digits or _"
                )
            }
            guard !EnvironmentRules.reserved.contains(variable.name) else {
                throw CommandError("\(name) sets \(variable.name), which the service sets itself. take it out")
            }
        }
        if imported.variables.isEmpty, !replaces { throw CommandError("\(name) has no variables") }
    }
}
