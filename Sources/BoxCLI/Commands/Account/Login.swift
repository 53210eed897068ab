import BoxArguments
import BoxClient
import BoxModel

/// `box login`: checks an API key and stores it, or starts a login through the browser.
struct Login: Command {
    /// `-` reads it from standard input; nil is a login through the browser.
    var key: String?

    static let spec = CommandSpec(
        "login", group: CommandSection.account, summary: "Log in with an API key or through the browser",
        discussion: """
            The key is checked with the server and then stored in the configuration file, together with the server's \
            address, and goes to no other server. For `box local up` no login is needed: it logs in by itself.

            Without KEY it shows an address for your browser. On a terminal it waits until you have confirmed there; \
            otherwise `box onboard` does. Servers without such a login ask for the key, which isn't shown.
            """,
        positionals: [PositionalSpec("KEY", "the API key, or - to read it from standard input", arity: .optional)],
        examples: [
            ExampleSpec("box login", "through the browser"),
            ExampleSpec("box login \"$BOX_API_KEY\"", "with a key from the environment"),
            ExampleSpec("pass show box | box login -", "with a key that never stands on a command line"),
            ExampleSpec("box login box_... --api-url https://box.example.com", "to a server of your own"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) { key = parsed.argument("KEY") }

    func run(_ context: Context) async throws -> ExitStatus {
        let origin = try context.settings().origin()
        let key: String
        if let given = try readKey(context) {
            key = given
        } else if let login = try await BrowserLogin(context: context).start(at: origin) {
            return try await finish(login.0, code: login.code, context)
        } else if context.canAsk {
            key = try Self.usable(try context.askSecret("API key"), from: "that was typed")
        } else {
            throw BrowserLogin.unavailable(at: origin)
        }
        context.emitter.statusLine.show("logging in at \(origin)")
        let account = try await context.client(origin: origin, apiKey: key).me()
        try context.store(key: key, origin: origin)
        PendingLogin.forgetAny(context.paths)
        try context.showLogin(user: account.user, origin: origin, key: key)
        return .success
    }

    /// On a terminal, waits for the confirmation in the browser. Programs run `box onboard` later.
    private func finish(_ login: PendingLogin, code: String?, _ context: Context) async throws -> ExitStatus {
        try BrowserLogin(context: context).announce(login, code: code)
        if context.canAsk {
            guard try await BrowserLogin(context: context).complete(login) else { throw BrowserLogin.expired }
        } else {
            context.emitter.notice("then run `box onboard`")
        }
        return .success
    }

    /// The key from the argument or standard input; nil for a login through the browser.
    private func readKey(_ context: Context) throws -> String? {
        guard let key else { return nil }
        let isInput = key == "-"
        let text = isInput ? String(decoding: try context.dependencies.input.readToEnd(), as: UTF8.self) : key
        return try Self.usable(text, from: isInput ? "on standard input" : "in the argument KEY")
    }

    private static func usable(_ text: String, from source: String) throws -> String {
        let key = Settings.trimmed(text)
        if key.isEmpty { throw CommandError("the API key is empty") }
        return try Settings.usable(key, from: source)
    }
}
