import BoxArguments
import BoxClient
import BoxModel

/// `box status`: shows whether this machine is logged in, and as whom. It also works offline.
struct Status: Command {
    /// The state of the stored key.
    enum Login: Equatable {
        case loggedOut
        /// The stored key is for that server, and not for the configured one.
        case elsewhere(String)
        case loggedIn(Account)
        /// The server refuses the key.
        case invalid
        /// The server can't be reached now.
        case unknown(String)
    }

    static let spec = CommandSpec(
        "status", group: CommandSection.account, summary: "Show whether you are logged in, and as whom",
        discussion: "It asks the server for at most two seconds, and succeeds without an answer too.")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let settings = try context.settings()
        let login = await self.login(settings, context)
        let json: JSON = ["config": .object(Config.json(settings, context)), "account": Self.json(login)]
        try context.emitter.result(json) { style in
            BoxView.lines(
                [
                    ("server", settings.shownURL ?? "\(Origin.hosted)"), ("account", Self.text(login, style)),
                    ("config", context.paths.config),
                ], style: style)
        }
        return .success
    }

    private func login(_ settings: Settings, _ context: Context) async -> Login {
        if let other = settings.otherKeyOrigin { return .elsewhere(other) }
        do {
            guard let key = try settings.usableToken(path: context.paths.config) else { return .loggedOut }
            let client = try context.client(origin: try settings.origin(), apiKey: key)
            let account = try await client.with {
                $0.timeout = .seconds(2)
                $0.retry = .never
            }.me()
            return .loggedIn(account)
        } catch BoxError.api(let failure) where failure.status == 401 || failure.status == 403 {
            return .invalid
        } catch {
            return .unknown(Failure(error).message)
        }
    }

    private static func json(_ login: Login) -> JSON {
        switch login {
        case .loggedOut, .elsewhere: .null
        case .loggedIn(let account):
            [
                "identifier": JSON(account.email ?? account.login), "loginState": "logged_in",
                "user": account.user ?? .null,
            ]
        case .invalid: ["identifier": nil, "loginState": "invalid"]
        case .unknown: ["identifier": nil, "loginState": "unknown"]
        }
    }

    private static func text(_ login: Login, _ style: Style) -> String {
        switch login {
        case .loggedOut: "not logged in. run `box login KEY`"
        case .elsewhere(let other): "not logged in here: the stored key is for \(Text.clean(other))"
        case .loggedIn(let account): style.green(Text.clean(account.login ?? account.email ?? "logged in"))
        case .invalid: style.red("the server refuses the key. run `box login KEY`")
        case .unknown(let reason): style.yellow("unknown: \(Text.clean(reason))")
        }
    }
}
