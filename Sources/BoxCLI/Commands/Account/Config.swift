import BoxArguments
import BoxClient
import BoxModel

/// `box config`: shows which server and key are used.
struct Config: Command {
    var showsOrigin: Bool

    static let spec = CommandSpec(
        "config", group: CommandSection.account, summary: "Show the configuration",
        discussion: """
            What counts is, in this order: the option --api-url, the variables BOX_API_URL and BOX_API_KEY, the \
            configuration file, and the default. A stored key is for the server that it was stored for, and goes to no other.
            """,
        options: [.flag("show-origin", "say where each value is from")],
        examples: [
            ExampleSpec("box config --json", "for programs: path, apiUrl, channel and loggedIn"),
            ExampleSpec("box config --show-origin", "which of option, variable and file it was"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) { showsOrigin = parsed.has("show-origin") }

    func run(_ context: Context) async throws -> ExitStatus {
        let settings = try context.settings()
        var json = Self.json(settings, context)
        if showsOrigin {
            json["origins"] = [
                "apiUrl": Self.json(settings.url?.source), "token": settings.key.map { Self.json($0.source) } ?? .null,
                "channel": settings.updateChannel.map { Self.json($0.source) } ?? .null,
            ]
        }
        try context.emitter.result(.object(json)) { style in
            func origin(_ value: Settings.Value?) -> String {
                showsOrigin ? style.dim(" (\(Self.text(value?.source, context)))") : ""
            }
            let server = settings.shownURL ?? "\(Origin.hosted)" + (showsOrigin ? "" : " (default)")
            var rows = [
                ("file", context.paths.config), ("server", server + origin(settings.url)),
                (
                    "logged in",
                    settings.otherKeyOrigin.map { "no: the stored key is for \(Text.clean($0))" } ?? settings.key.map {
                        "yes" + origin($0)
                    } ?? "no"
                ),
            ]
            if let channel = settings.channel {
                rows.append(("channel", Text.clean(channel) + origin(settings.updateChannel)))
            }
            return BoxView.lines(rows, style: style)
        }
        return .success
    }

    static func json(_ settings: Settings, _ context: Context) -> JSONObject {
        JSONObject([
            ("path", .string(context.paths.config)), ("apiUrl", JSON(settings.shownURL)),
            ("channel", JSON(settings.channel)), ("loggedIn", .bool(settings.isLoggedIn)),
        ])
    }

    private static func json(_ source: Settings.Source?) -> JSON {
        switch source {
        case .option(let name): ["source": "option", "name": .string(name)]
        case .variable(let name): ["source": "environment", "name": .string(name)]
        case .file: ["source": "file"]
        case nil: ["source": "default"]
        }
    }

    private static func text(_ source: Settings.Source?, _ context: Context) -> String {
        switch source {
        case .option(let name), .variable(let name): name
        case .file: context.paths.config
        case nil: "default"
        }
    }
}
