import BoxArguments
import BoxClient
import BoxModel

/// `box info`: shows one box.
struct Info: Command {
    var id: String

    static let spec = CommandSpec(
        "info", aliases: ["show"], group: CommandSection.boxes, summary: "Show one box",
        discussion:
            "With --json it shows everything that the server knows, the desktop's address too, which is a secret.",
        positionals: [.box],
        examples: [
            ExampleSpec("box info bx_8pqt6dup", "its state, address and times"),
            ExampleSpec("box info current --json | jq -r .box.ip", "the address of the last box made in this shell"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) { id = parsed.argument("ID") ?? "" }

    func run(_ context: Context) async throws -> ExitStatus {
        let info = try await context.client().get(context.boxID(id))
        try context.emitter.show(info, now: context.dependencies.now())
        return .success
    }
}

extension Emitter {
    /// Shows a box, for `info` and the commands that change one.
    func show(_ info: BoxInfo, now: Timestamp) throws {
        try result(.object(BoxView.withoutEnvelope(info.json))) { style in
            "\(style.bold(Text.clean(info.box.id))) is \(style.state(info.box.state))\n"
                + BoxView.details(info.box, style: style, now: now)
        }
    }
}
