import BoxArguments
import BoxClient
import BoxModel

/// `box rename`: changes a box's name.
struct Rename: Command {
    var id: String
    var name: String

    static let spec = CommandSpec(
        "rename", group: CommandSection.boxes, summary: "Give a box another name",
        positionals: [.box, PositionalSpec("NAME", "its new name, at most 120 characters")],
        examples: [ExampleSpec("box rename bx_8pqt6dup web", "call it web")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        name = parsed.argument("NAME") ?? ""
        if Settings.trimmed(name).isEmpty { throw parsed.usageError("NAME is empty") }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let info = try await context.client().update(context.boxID(id), BoxChanges(name: name))
        try context.emitter.show(info, now: context.dependencies.now())
        return .success
    }
}
