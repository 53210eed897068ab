import BoxArguments
import BoxClient
import BoxModel

/// `box wait`: waits until a box is in the state of its goal.
struct Wait: Command {
    enum Goal: String, CaseIterable { case ready, ssh, idle, stopped }

    var id: String
    var goal: Goal
    /// In seconds.
    var timeout: Int

    static let spec = CommandSpec(
        "wait", group: CommandSection.boxes, summary: "Wait until a box is ready, idle or stopped",
        discussion: """
            ready: it can be used. ssh: an SSH server answers at its address too. idle: its agent has nothing to do. \
            stopped: its disk is kept. It fails when the time is up, and when the box can't get there any more.

            With --json it writes one object: id, state and box.
            """,
        options: [
            .value(
                "for", "GOAL", "ready (default), ssh, idle or stopped", kind: .choice(Goal.allCases.map(\.rawValue))),
            .value(
                "timeout", "SECONDS", "how long to wait (default 600)", kind: .integer(minimum: 1, unit: "seconds")),
        ],
        positionals: [.box],
        examples: [
            ExampleSpec("box wait bx_8pqt6dup --for ssh --timeout 60", "before an ssh or rsync of your own"),
            ExampleSpec("box wait current --for idle --timeout 3600", "until the agent is done"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        goal = parsed.value("for").flatMap(Goal.init(rawValue:)) ?? .ready
        timeout = parsed.integer("timeout") ?? 600
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let box = try await wait(for: try context.boxID(id), client, context)
        let state = JSON.string(box.state.displayName)
        try context.emitter.result(["id": .string(box.id), "state": state, "box": BoxView.translated(box.json)]) {
            style in
            let more = goal == .ssh ? ", and answers on port 22" : ""
            return "\(style.bold(Text.clean(box.id))) is \(style.state(box.state))\(more)\n"
        }
        return .success
    }

    private func wait(for id: String, _ client: BoxClient, _ context: Context) async throws -> Box {
        let reporter = StateReporter(context, id: id, emitsEvents: false)
        let report: @Sendable (Box) throws -> Void = { try reporter.report($0) }
        let limit = Duration.seconds(timeout)
        return switch goal {
        case .ready: try await client.waitUntilReady(id, timeout: limit, onState: report)
        case .idle: try await client.waitUntilIdle(id, timeout: limit, onState: report)
        case .stopped: try await client.waitUntilStopped(id, timeout: limit, onState: report)
        case .ssh: try await waitForSSH(id, client, context, onState: report)
        }
    }

    /// How long one attempt may take, because a packet can be lost while the machine starts.
    private static let bannerTimeout = Duration.seconds(3)

    private func waitForSSH(
        _ id: String, _ client: BoxClient, _ context: Context, onState: @Sendable (Box) throws -> Void
    ) async throws -> Box {
        var polling = Polling(timeout: .seconds(timeout))
        var box = try await client.waitUntilReady(id, timeout: polling.timeLeft, onState: onState)
        while true {
            context.emitter.statusLine.show("\(id) is \(Text.clean(box.state.displayName)), waiting for SSH")
            let limit = min(Self.bannerTimeout, max(polling.timeLeft, .milliseconds(100)))
            if let ip = box.ip, context.dependencies.ssh.hasSSHServer(boxID: id, host: ip, within: limit) { return box }
            guard polling.hasTimeLeft else { throw noAnswer(box) }
            try await polling.rest(context.dependencies.pause)
            // The box may be stopped meanwhile, or start again with another address.
            box = try await client.waitUntilReady(id, timeout: polling.timeLeft, onState: onState)
        }
    }

    private func noAnswer(_ box: Box) -> CommandError {
        let place = box.ip.map { "at \(Text.clean($0)) port 22" } ?? "because it has no address"
        return CommandError(
            "\(box.id) is \(box.state.displayName), but no SSH server answers \(place) after \(Text.duration(timeout)). "
                + "look again with `box info \(box.id)`")
    }
}
