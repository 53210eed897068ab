import BoxArguments
import BoxClient
import BoxModel

/// `box login`: checks an API key and stores it.
struct Login: Command {
    /// `-` reads it from standard input; nil asks for it.
    var key: String?

    static let spec = CommandSpec(
        "login", group: CommandTable.account, summary: "Log in with an API key",
        discussion: """
            The key is checked with the server and then stored in the configuration file, together with the server's \
            address. On a terminal without KEY it is asked for and not shown. For `box local up` no login is needed: it \
            logs in by itself.
            """,
        positionals: [PositionalSpec("KEY", "the API key, or - to read it from standard input", arity: .optional)],
        examples: [
            ExampleSpec("box login \"$BOX_API_KEY\"", "with a key from the environment"),
            ExampleSpec("pass show box | box login -", "with a key that never stands on a command line"),
            ExampleSpec("box login box_... --api-url http://10.0.0.5:7070", "to a server of your own"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) { key = parsed.argument("KEY") }

    func run(_ context: Context) async throws -> ExitStatus {
        let origin = try context.settings().origin()
        let key = try readKey(context)
        context.emitter.statusLine.show("logging in at \(origin)")
        let account = try await context.client(origin: origin, apiKey: key).me()
        try context.config.update {
            $0.apiURL = origin.description
            $0.token = key
        }
        try context.emitter.result(["event": "login_complete", "data": ["user": account.user ?? .null]]) { style in
            let name = account.login ?? account.email
            return "logged in at \(origin)" + (name.map { " as \(style.bold(Text.clean($0)))" } ?? "") + "\n"
        }
        let override = context.world.environment["BOX_API_KEY"] ?? ""
        if !override.isEmpty, override != key {
            context.emitter.notice("BOX_API_KEY is set to another key, which goes before the stored one")
        }
        return .success
    }

    /// Where the key comes from, for people.
    private var source: String {
        switch key {
        case "-"?: "on standard input"
        case _?: "in the argument KEY"
        case nil: "that was typed"
        }
    }

    private func readKey(_ context: Context) throws -> String {
        let text: String
        switch key {
        case "-"?:
            text = String(decoding: try context.world.input.readToEnd(), as: UTF8.self)
        case let key?:
            text = key
        case nil:
            let terminal = context.world.terminal
            guard context.emitter.mode == .human, terminal.stdinIsTerminal, terminal.stderrIsTerminal else {
                throw CommandError(
                    "login needs a key: the login through a browser is not available yet. "
                        + "run `box login KEY`, or `box login -` with the key on standard input",
                    status: .authentication)
            }
            context.emitter.ask("API key (it is not shown): ")
            // Enter and Ctrl-C aren't shown either.
            defer { context.emitter.notice("") }
            text = try context.world.input.readSecret() ?? ""
        }
        let key = Settings.trimmed(text)
        if key.isEmpty { throw CommandError("the API key is empty") }
        return try Settings.usable(key, from: source)
    }
}
