import BoxArguments
import BoxClient
import BoxModel

/// `box config`: which server and key count.
struct Config: Command {
    static let spec = CommandSpec(
        "config", group: CommandTable.account, summary: "Show the configuration",
        discussion: """
            What counts is, in this order: the option --api-url, the variables BOX_API_URL and BOX_API_KEY, the \
            configuration file, and the default.
            """,
        examples: [ExampleSpec("box config --json", "for programs: path, apiUrl, channel and loggedIn")])

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let settings = try context.settings()
        try context.emitter.result(Self.json(settings, context)) { style in
            BoxView.lines(
                [
                    ("file", context.paths.config),
                    ("server", settings.shownURL ?? "\(Origin.hosted) (default)"),
                    ("logged in", settings.token == nil ? "no" : "yes"),
                ] + (settings.channel.map { [("channel", Text.clean($0))] } ?? []), style: style)
        }
        return .success
    }

    static func json(_ settings: Settings, _ context: Context) -> JSON {
        [
            "path": .string(context.paths.config), "apiUrl": JSON(settings.shownURL), "channel": JSON(settings.channel),
            "loggedIn": .bool(settings.token != nil),
        ]
    }
}
