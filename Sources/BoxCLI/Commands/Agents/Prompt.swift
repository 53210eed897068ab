import BoxArguments
import BoxClient
import BoxModel

/// `box prompt`: queues work for a box's agent.
struct Prompt: Command {
    var id: String
    /// Nil or `-` reads standard input.
    var text: String?
    var choice: AgentChoice
    var waiting: Waiting

    static let spec = CommandSpec(
        "prompt", group: CommandSection.agents, summary: "Give a box's agent work, and watch it",
        discussion: """
            The prompt is queued behind the box's earlier ones. What the agent does is shown until the prompt has \
            finished; Ctrl-C ends the watching and not the work, which `box interrupt` does. Without TEXT, or with -, \
            the text is read from standard input.

            With --json the first line is queued, with the prompt's id, and then each event is a line as in `box events`.

            Without --provider and --model the account's defaults count, which `box provider set` sets. Models, and the efforts that each takes:

            \(AgentCatalog.providers.map(models).joined(separator: "\n\n"))
            """,
        options: [
            .value("provider", "PROVIDER", "codex or claude-code (claude)", kind: .provider),
            .value("model", "MODEL", "one of the provider's models", kind: .model),
            .value(
                "reasoning-effort", "EFFORT", "how much the model should think, such as low or high",
                kind: .reasoningEffort),
            .flag("no-wait", "come back as soon as the prompt is queued"),
        ],
        positionals: [
            .box, PositionalSpec("TEXT", "what to do; several words are joined by spaces", arity: .zeroOrMore),
        ],
        examples: [
            ExampleSpec("box prompt bx_8pqt6dup \"run the tests and fix what fails\"", "with the account's defaults"),
            ExampleSpec("box prompt --provider claude-code --model opus current \"review this\"", "with a model"),
            ExampleSpec("box prompt current < task.md", "a long one, from a file"),
        ])

    /// A provider's models, those of the same efforts together.
    private static func models(_ provider: AgentCatalog.Provider) -> String {
        var groups: [(names: [String], efforts: [String])] = []
        for model in provider.models {
            if groups.last?.efforts == model.reasoningEfforts, !groups.isEmpty {
                groups[groups.count - 1].names.append(model.name)
            } else {
                groups.append(([model.name], model.reasoningEfforts))
            }
        }
        let texts = groups.map { group in
            let efforts = group.efforts.isEmpty ? "no effort to choose" : group.efforts.joined(separator: ", ")
            return "\(group.names.joined(separator: ", ")) (\(efforts))"
        }
        return "\(provider.name): \(texts.joined(separator: "; "))."
    }

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        let words = parsed.arguments("TEXT")
        text = words.isEmpty || words == ["-"] ? nil : words.joined(separator: " ")
        choice = AgentChoice(
            provider: parsed.value("provider"), model: parsed.value("model"),
            reasoningEffort: parsed.value("reasoning-effort"))
        waiting = parsed.has("no-wait") ? .never : .always
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let choice = try choice.checked()
        let client = try context.client()
        let id = try context.boxID(id)
        let request = PromptRequest(
            text: try readText(context), provider: choice.provider, model: choice.model,
            reasoningEffort: choice.reasoningEffort)
        guard waiting != .never else {
            try show(try await client.prompt(id, request), id: id, request, context)
            return .success
        }
        let (queued, follower) = try await client.followPrompt(id, request, onInterruption: context.showInterruption)
        try show(queued, id: id, request, context)
        return try await watch(queued, follower, context)
    }

    private func readText(_ context: Context) throws -> String {
        if text == nil, context.dependencies.terminal.stdinIsTerminal {
            context.emitter.notice("type the prompt, and Ctrl-D on a line of its own to end it")
        }
        let text =
            try self.text
            ?? context.readText(
                nil, maximum: 1 << 20, advice: "copy long material with `box scp`, and say in the prompt where it is")
        guard !Settings.trimmed(text).isEmpty else {
            throw CommandError("the prompt is empty. run `box prompt ID \"what to do\"`, or give it on standard input")
        }
        return text
    }

    private func show(_ queued: QueuedPrompt, id: String, _ request: PromptRequest, _ context: Context) throws {
        var data = BoxView.withoutEnvelope(queued.json)
        for (name, value) in [
            ("id", JSON.string(id)), ("promptId", .string(queued.promptID)), ("status", "queued"),
            ("provider", JSON(request.provider)), ("model", JSON(request.model)),
            ("reasoningEffort", JSON(request.reasoningEffort)),
        ] where data[name] == nil { data[name] = value }
        let line: JSON = ["event": "queued", "data": .object(data)]
        if waiting == .never {
            try context.emitter.result(line) { style in "queued \(style.bold(Text.clean(queued.promptID)))\n" }
            context.emitter.notice("watch it with `box events \(id) -f`")
        } else {
            try context.emitter.event(line)
            context.emitter.statusLine.show("waiting for \(Self.worker(queued))")
            context.emitter.setLastWords(
                "the work goes on. watch it with `box events \(id) -f`, or end it with `box interrupt \(id)`")
        }
    }

    private func watch(
        _ queued: QueuedPrompt, _ follower: PromptFollower, _ context: Context
    ) async throws -> ExitStatus {
        var follower = follower
        let output = ChatOutput(context, showsPrompts: false)
        let start = context.dependencies.now()
        var outcome: BoxEvent?
        try await output.whole {
            while let events = try await follower.next() {
                try output.write(events)
                output.showStatus(worker: Self.worker(queued))
                outcome = events.last { $0.status?.isFinal == true } ?? outcome
            }
        }
        let time = Text.elapsed(.milliseconds(context.dependencies.now().milliseconds - start.milliseconds))
        let done = follower.status == .finished ? "done in \(time)" : "\(follower.status.rawValue) after \(time)"
        context.emitter.notice([done, output.summary].compactMap { $0 }.joined(separator: ": "))
        guard follower.status == .failed else { return .success }
        throw CommandError(outcome.flatMap(ChatText.reason).map { "the prompt failed: \($0)" } ?? "the prompt failed")
    }

    private static func worker(_ queued: QueuedPrompt) -> String { Text.clean(queued.provider ?? "the agent") }
}
