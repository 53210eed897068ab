import BoxArguments
import BoxClient
import BoxModel

/// `box __complete`: runs on every Tab of a shell. It never fails and writes nothing to stderr.
struct Complete: Command {
    /// Without the program's name. The last word is being typed.
    var words: [String]

    static let spec = CommandSpec(
        CompletionScript.command, group: CommandSection.program, summary: "Complete a command line, for shells",
        trailing: TrailingSpec("WORD", "the words so far; the last is the one to complete"), isHidden: true)

    init(_ parsed: ParsedCommand) throws(UsageError) { words = parsed.trailing }

    func run(_ context: Context) async throws -> ExitStatus {
        let plan = Completer(root: context.commands.spec).complete(words)
        let ids =
            if let boxes = plan.boxes { await Self.candidates(boxes, context) } else { [CompletionPlan.Candidate]() }
        try context.emitter.text(plan.text(ids: ids))
        return .success
    }

    /// `current` and the account's boxes, newest first, as many as fit.
    private static func candidates(
        _ place: CompletionPlan.Boxes, _ context: Context
    ) async -> [CompletionPlan.Candidate] {
        let last = (try? context.currentBox.load()).map { "\($0), " } ?? ""
        let current = [(word: "current", note: Text.clean("\(last)the last box made in this shell"))]
        var context = context
        if place.options["insecure"] != nil { context.globals.isInsecure = true }
        let known = await boxes(apiURL: place.options["api-url"], context).map { box in
            (word: box.id, note: Text.clean("\(box.name), \(box.state.displayName)"))
        }
        return (known + current)
            .filter { $0.word.hasPrefix(place.prefix) && !place.taken.contains($0.word) }
            .map { .init(place.lead + $0.word + place.suffix, $0.note) }
    }

    /// The time limit of a completion. The user waits for each Tab, so it is 200 ms, unless BOX_COMPLETION_TIMEOUT has
    /// another number of milliseconds.
    private static func limit(_ context: Context) -> Duration {
        let chosen = context.dependencies.environment["BOX_COMPLETION_TIMEOUT"].flatMap { Int($0) } ?? 0
        return .milliseconds((1...60_000).contains(chosen) ? chosen : 200)
    }

    /// The boxes of the first page, which is as much as fits a screen. Empty after any error.
    private static func boxes(apiURL: String?, _ context: Context) async -> [Box] {
        let limit = limit(context)
        return await within(limit) {
            guard let client = try? context.client(apiURL: apiURL) else { return nil }
            let quick = client.with {
                // So the request usually times out before the limit.
                $0.timeout = limit * 0.9
                $0.retry = .never
            }
            return try? await quick.boxes().boxes
        } ?? []
    }
}
