import BoxArguments
import BoxModel

/// `box logout`: removes the stored key.
struct Logout: Command {
    static let spec = CommandSpec(
        "logout", group: CommandSection.account, summary: "Forget the stored API key",
        discussion: "The key itself stays valid; revoke it on the server to end that.")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let wasLoggedIn = try context.config.load().token != nil
        if wasLoggedIn { try context.config.update { $0.forgetKey() } }
        try context.emitter.result(["event": "logout_complete"]) { _ in
            wasLoggedIn ? "logged out\n" : "there was no stored key\n"
        }
        if !(context.dependencies.environment["BOX_API_KEY"] ?? "").isEmpty {
            context.emitter.notice("BOX_API_KEY is set, and its key is still used")
        }
        return .success
    }
}
