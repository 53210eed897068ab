import BoxArguments
import BoxClient
import BoxModel

/// `box fork`: copies a box with its disk.
struct Fork: Command {
    var id: String
    var machine: MachineOptions
    var waiting: Waiting

    static let spec = CommandSpec(
        "fork", aliases: ["clone"], group: CommandSection.boxes,
        summary: "Copy a box with its disk, and start the copy",
        discussion: """
            The copy has the files as they are now and is independent afterwards. Running processes aren't copied. It \
            stops by itself after an hour.

            With --json it writes one object when the copy is ready: the server's answer, and beside it event, state, \
            ip, url and commands as in the ready line of `box new`.
            """,
        options: .machine + [.flag("no-wait", "come back as soon as the server has accepted")], positionals: [.box],
        examples: [
            ExampleSpec("box fork bx_8pqt6dup", "a second box with the same files"),
            ExampleSpec("copy=$(box fork current --json | jq -r .id)", "the copy's id, for a script"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        machine = try MachineOptions(parsed)
        waiting = parsed.has("no-wait") ? .never : .always
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let source = try context.boxID(id)
        let action = try await client.fork(source, machine)
        context.currentBox.save(action.id)
        guard waiting.isOn(in: context.emitter.mode) else {
            try context.emitter.show(action)
            return .success
        }
        let reporter = StateReporter(context, id: action.id, emitsEvents: false)
        let known = action.box?.id == action.id ? action.box : nil
        let box = try await client.waitUntilReady(action.id, from: known) { try reporter.report($0) }
        // One object for two kinds of programs: those that parse stdout as one value, and those that wait for "ready".
        var object = BoxView.withoutEnvelope(action.json)
        object["box"] = BoxView.translated(box.json)
        object["event"] = "ready"
        for (key, value) in BoxView.readyMembers(box) { object[key] = value }
        try context.emitter.result(.object(object)) { style in
            "\(style.bold(box.id)), a copy of \(source), is \(style.state(box.state))\n"
                + BoxView.details(box, style: style, now: context.dependencies.now())
        }
        context.emitter.notice("\nopen a shell in it with `box ssh \(box.id)`")
        return .success
    }
}
