import BoxArguments
import BoxClient
import BoxModel

/// `box events`: shows the events of a box.
struct Events: Command {
    var id: String
    var types: [String]
    var limit: Int?
    var follows: Bool

    static let spec = CommandSpec(
        "events", group: CommandSection.agents, summary: "Show what happened in a box, or follow it",
        discussion: """
            Events are prompts, the agent's responses with the tools it used, commits and more, the oldest first. With \
            --follow it goes on until Ctrl-C, also when the server starts again or the connection breaks meanwhile.

            With --json each event is a line as the server sent it: {"event":"chat","final":…,"data":…}, where final is \
            false for responses that are still being written.
            """,
        options: [
            .flag("follow", short: "f", "go on with those to come, until Ctrl-C"),
            .value("type", "TYPES", "only events of these types, such as prompt,response,git_checkpoint"),
            .value(
                "limit", short: "n", "N", "begin with the newest N (default: all)", kind: .integer(minimum: 1)),
        ],
        positionals: [.box],
        examples: [
            ExampleSpec("box events bx_8pqt6dup", "everything so far"),
            ExampleSpec("box events current -f -n 10", "the last ten and those to come"),
            ExampleSpec(
                "box events bx_8pqt6dup --type git_checkpoint --json | jq -r .data.data.commitSha", "the commits"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        types =
            parsed.value("type").map { text in
                text.split(separator: ",", omittingEmptySubsequences: false).map { Settings.trimmed(String($0)) }
            } ?? []
        if types.contains("") {
            throw parsed.usageError("invalid --type. Use names of event types, separated by commas")
        }
        limit = parsed.integer("limit")
        follows = parsed.has("follow")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let id = try context.boxID(id)
        let output = ChatOutput(context, showsPrompts: true)
        var follower = EventFollower(
            try context.client(), box: id, types: types, start: limit.map { .newest($0) } ?? .beginning,
            survivesFailures: follows, onInterruption: context.showInterruption)
        try await output.whole {
            while !follower.isCaughtUp || follows {
                try output.write(try await follower.next())
                if follows { output.showStatus(worker: "the agent") }
            }
        }
        return .success
    }
}

extension Context {
    /// Shows that a stream is being reconnected. Programs see only that it continues.
    func showInterruption(_ interruption: EventFollower.Interruption) {
        emitter.statusLine.show("waiting for the server: \(Text.clean(Failure(interruption.error).message))")
    }
}
