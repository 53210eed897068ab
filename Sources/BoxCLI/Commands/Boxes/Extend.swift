import BoxArguments
import BoxClient
import BoxModel

/// `box extend`: sets when a box is stopped automatically.
struct Extend: Command {
    var id: String
    var ttl: TimeToLiveChoice

    static let spec = CommandSpec(
        "extend", group: CommandSection.boxes, summary: "Set when a box stops by itself",
        discussion: "The time counts from now. A stopped box gets a new time when it is resumed.",
        options: [
            .value("ttl", "SECONDS", "stop it after so many seconds", kind: .integer(minimum: 1, unit: "seconds")),
            .value(
                "hours", "HOURS", "stop it after so many hours", kind: .integer(minimum: 1, maximum: 720, unit: "hours")
            ),
            .flag("no-auto-stop", "let it run until you stop it"),
        ],
        exclusive: [["ttl", "hours", "no-auto-stop"]], positionals: [.box],
        examples: [
            ExampleSpec("box extend bx_8pqt6dup --hours 8", "a working day"),
            ExampleSpec("box extend current --no-auto-stop", "for as long as it takes"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        if let choice = TimeToLiveChoice(parsed) {
            ttl = choice
        } else if let hours = parsed.integer("hours") {
            ttl = .seconds(hours * 3600)
        } else {
            throw parsed.usageError("say how long. Use --ttl SECONDS, --hours HOURS or --no-auto-stop")
        }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let info = try await context.client().update(context.boxID(id), BoxChanges(ttl: ttl))
        try context.emitter.show(info, now: context.dependencies.now())
        return .success
    }
}
