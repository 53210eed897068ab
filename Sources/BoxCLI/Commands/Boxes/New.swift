import BoxArguments
import BoxClient
import BoxModel

/// `box new`: creates a box and waits until it is ready.
struct New: Command {
    var request: CreateBoxRequest
    var waiting: Waiting

    static let spec = CommandSpec(
        "new", aliases: ["create"], group: CommandSection.boxes, summary: "Create a box and wait until it is ready",
        discussion: """
            The box stops by itself an hour after its creation, unless --ttl or --no-auto-stop says otherwise. A \
            stopped box keeps its disk: `box resume ID` starts it again.

            With --json it writes one line for each step: created, a state line for each new state, then ready or \
            error. The created line is written before the wait, so that the id is never lost.
            """,
        options: .timeToLive + .machine + [
            .value("name", short: "n", "NAME", "what to call it (default: the date and time)"),
            .flag("no-wait", "come back as soon as the server has accepted"),
        ],
        exclusive: [["ttl", "no-auto-stop"]],
        examples: [
            ExampleSpec("box new", "a box for an hour"),
            ExampleSpec("box new --name web --type large --no-auto-stop", "a large one that runs until it is stopped"),
            ExampleSpec(
                "id=$(box new --json | jq -r 'select(.event == \"ready\") | .id')",
                "its id, once it is ready, for a script"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        if parsed.value("name")?.isEmpty == true { throw parsed.usageError("--name is empty") }
        request = CreateBoxRequest(
            ttl: TimeToLiveChoice(parsed) ?? .standard, name: parsed.value("name"), machine: try MachineOptions(parsed))
        waiting = parsed.has("no-wait") ? .never : .always
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        context.emitter.statusLine.show("creating a box")
        let action = try await client.create(request)
        context.currentBox.save(action.id)
        try context.emitter.event([
            "event": "created", "id": .string(action.id), "ttlSeconds": action.json["ttlSeconds"] ?? request.ttl.json,
        ])
        try await rename(action, client)
        guard waiting.isOn(in: context.emitter.mode) else {
            if context.emitter.mode == .human { try context.emitter.text("\(Text.clean(action.id))\n") }
            return .success
        }
        let start = ContinuousClock.now
        let reporter = StateReporter(context, id: action.id, emitsEvents: true)
        let box = try await client.waitUntilReady(action.id, from: action.box) { try reporter.report($0) }
        let time = Text.elapsed(ContinuousClock.now - start)
        let ready = JSONObject([("event", "ready"), ("id", .string(box.id))] + BoxView.readyMembers(box))
        try context.emitter.result(.object(ready)) { style in
            "\(style.bold(box.id)) is \(style.state(box.state)) after \(time)\n"
                + BoxView.details(box, style: style, now: context.dependencies.now())
        }
        context.emitter.notice("\nopen a shell in it with `box ssh \(box.id)`")
        return .success
    }

    /// Renames the box when the server ignored the name, as the hosted service does at creation. A name that was only
    /// truncated is accepted.
    private func rename(_ action: BoxAction, _ client: BoxClient) async throws {
        guard let name = request.name, let given = action.box?.name else { return }
        guard given != name, given != BoxName.cut(name) else { return }
        _ = try await client.update(action.id, BoxChanges(name: name))
    }
}

extension TimeToLiveChoice {
    /// The value in the API's form.
    var json: JSON {
        switch self {
        case .standard: JSON(TimeToLive.standard)
        case .seconds(let seconds): JSON(seconds)
        case .never: .null
        }
    }
}
