import BoxArguments
import BoxClient
import BoxModel

/// `box stop`: stops a box and keeps its disk.
struct Stop: Command {
    var id: String
    var force: Bool
    /// In seconds; nil for the server's default.
    var timeout: Int?
    var waiting: Waiting

    static let spec = CommandSpec(
        "stop", group: CommandSection.boxes, summary: "Stop a box and keep its disk",
        discussion: """
            Processes are asked to end, with SIGTERM, and those that go on after some seconds are ended; files stay. `box resume ID` starts it again. With --json it comes back as soon as the server \
            has accepted.
            """,
        options: [
            .flag("force", short: "f", "don't give processes time to end"),
            .value(
                "timeout", "SECONDS", "how long processes may take to end (default 10)",
                kind: .integer(minimum: 0, maximum: 600, unit: "seconds")),
        ] + .waiting,
        exclusive: [["wait", "no-wait"], ["force", "timeout"]], positionals: [.box],
        examples: [ExampleSpec("box stop bx_8pqt6dup", "stop it, and wait until its disk is kept")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        force = parsed.has("force")
        timeout = parsed.integer("timeout")
        waiting = Waiting(parsed)
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let action = try await client.stop(context.boxID(id), force: force, timeoutSeconds: timeout)
        guard waiting.isOn(in: context.emitter.mode) else {
            try context.emitter.show(action)
            return .success
        }
        let reporter = StateReporter(context, id: action.id, emitsEvents: false)
        let box = try await client.waitUntilStopped(
            action.id, from: action.box, timeout: .seconds(600 + (timeout ?? 0))
        ) { try reporter.report($0) }
        try context.emitter.show(action, then: box)
        return .success
    }
}

extension Emitter {
    /// Shows an accepted change, and the resulting box when there is one.
    func show(_ action: BoxAction, then box: Box? = nil) throws {
        var object = BoxView.withoutEnvelope(action.json)
        // The API's `archiving` is displayed as `stopping`; the other words are the same.
        object["status"] = .string(BoxState(rawValue: action.status).displayName)
        if let box { object["box"] = BoxView.translated(box.json) }
        try result(.object(object)) { style in
            let word = box.map { style.state($0.state) } ?? Text.clean(BoxState(rawValue: action.status).displayName)
            return "\(style.bold(Text.clean(action.id))) is \(word)\n"
        }
    }
}
