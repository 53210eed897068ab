import BoxArguments
import BoxClient
import BoxModel

/// `box onboard`: completes a login that `box login` started, and shows the next steps.
struct Onboard: Command {
    static let spec = CommandSpec(
        "onboard", group: CommandSection.account, summary: "Complete a login through the browser",
        discussion: """
            After `box login` without a key has shown an address, this waits until somebody has confirmed there, stores \
            the key, and writes what `box login KEY` writes. When you are logged in already it only says so.
            """,
        examples: [
            ExampleSpec("box login --json && box onboard --json", "for programs that show the address themselves")
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let login = try PendingLogin.load(context.paths)
        if let login, let apiURL = context.globals.apiURL, try Origin(apiURL) != login.origin {
            throw CommandError(
                "the login that is under way is at \(login.origin). complete it without --api-url, or begin another one with `box login`",
                status: .authentication)
        }
        if let login {
            context.emitter.notice("confirm at \(login.url)")
            if try await BrowserLogin(context: context).complete(login) { return next(context) }
        }
        let settings = try context.settings()
        guard let key = try settings.usableToken(path: context.paths.config) else {
            if login != nil { throw BrowserLogin.expired }
            throw CommandError("no login is under way. begin one with `box login`", status: .authentication)
        }
        let origin = try settings.origin()
        let account = try await context.client(origin: origin, apiKey: key).me()
        try context.showLogin(user: account.user, origin: origin, key: key)
        return next(context)
    }

    private func next(_ context: Context) -> ExitStatus {
        context.emitter.notice("make a box with `box new`, and open a shell in it with `box ssh current`")
        return .success
    }
}
