import BoxArguments
import BoxClient
import BoxModel

/// `box interrupt`: interrupts the agent's work in a box.
struct Interrupt: Command {
    var id: String

    static let spec = CommandSpec(
        "interrupt", group: CommandSection.agents, summary: "Interrupt the agent's work in a box", positionals: [.box],
        examples: [ExampleSpec("box interrupt bx_8pqt6dup", "end the prompt that runs")])

    init(_ parsed: ParsedCommand) throws(UsageError) { id = parsed.argument("ID") ?? "" }

    func run(_ context: Context) async throws -> ExitStatus {
        try context.emitter.show(try await context.client().interrupt(context.boxID(id)))
        return .success
    }
}
