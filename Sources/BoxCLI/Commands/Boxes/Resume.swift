import BoxArguments
import BoxClient
import BoxModel

/// `box resume`: starts a stopped box again.
struct Resume: Command {
    var id: String
    var request: ResumeBoxRequest
    var waiting: Waiting

    static let spec = CommandSpec(
        "resume", aliases: ["start"], group: CommandSection.boxes, summary: "Start a stopped box again",
        discussion: """
            Its files are as they were; processes have to be started again. Its time to live counts anew. With --json it \
            comes back as soon as the server has accepted.
            """,
        options: .timeToLive + .machine + .waiting, exclusive: [["ttl", "no-auto-stop"], ["wait", "no-wait"]],
        positionals: [.box],
        examples: [ExampleSpec("box resume bx_8pqt6dup --ttl 7200", "for two hours")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        request = ResumeBoxRequest(ttl: TimeToLiveChoice(parsed) ?? .standard, machine: try MachineOptions(parsed))
        waiting = Waiting(parsed)
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let action = try await client.resume(context.boxID(id), request)
        guard waiting.isOn(in: context.emitter.mode) else {
            try context.emitter.show(action)
            return .success
        }
        let reporter = StateReporter(context, id: action.id, emitsEvents: false)
        let box = try await client.waitUntilReady(action.id, from: action.box) { try reporter.report($0) }
        try context.emitter.show(action, then: box)
        return .success
    }
}
