import BoxArguments
import BoxClient
import BoxModel

/// `box local down`: stops the boxes and boxd.
struct LocalDown: Command {
    var options: LocalServer.Options
    var keepsBoxes: Bool

    static let spec = CommandSpec(
        "down", summary: "Stop your boxes and the server",
        discussion: "Stopped boxes keep their disks. With --keep-boxes they go on running without the server.",
        options: LocalServer.options + [.flag("keep-boxes", "let boxes run on; the next `box local up` finds them")],
        examples: [ExampleSpec("box local down --keep-boxes", "before an upgrade of boxd")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        options = try LocalServer.Options(parsed)
        keepsBoxes = parsed.has("keep-boxes")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.dependencies.environment)
        let isUp = try await server.isHealthy(context.dependencies.transport)
        if isUp, !keepsBoxes { try await stopBoxes(server, context) }
        let didStop = try await stopServer(server, isUp: isUp, context)
        try context.emitter.result(["event": "local_down", "stopped": .bool(didStop)]) { _ in
            didStop ? "boxd is stopped\n" : "boxd doesn't run\n"
        }
        return .success
    }

    private func stopBoxes(_ server: LocalServer, _ context: Context) async throws {
        let origin = try server.origin()
        let file = try context.config.load()
        guard let token = file.token, file.isLogin(at: origin) else {
            throw CommandError(
                "the boxes can't be stopped: this user is not logged in at \(origin). "
                    + "log in with `box local up`, or leave them with --keep-boxes")
        }
        let key = try Settings.usable(token, from: "in \(context.paths.config)")
        let client = try context.client(origin: origin, apiKey: key)
        let boxes = try await activeBoxes(client)
        if boxes.isEmpty { return }
        context.emitter.statusLine.show("stopping \(boxes.count == 1 ? boxes[0].id : "\(boxes.count) boxes")")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for box in boxes {
                group.addTask {
                    let action = try await client.stop(box.id)
                    _ = try await client.waitUntilStopped(box.id, from: action.box)
                }
            }
            try await group.waitForAll()
        }
    }

    private func activeBoxes(_ client: BoxClient) async throws -> [Box] {
        do {
            return try await client.allBoxes(states: BoxState.active).boxes
        } catch let error as BoxError {
            guard case .api(let failure) = error, failure.status == 401 || failure.status == 403 else { throw error }
            throw AdvisedError(
                error: error, advice: "`box local up` makes a new key; or leave the boxes with --keep-boxes")
        }
    }

    private func stopServer(_ server: LocalServer, isUp: Bool, _ context: Context) async throws -> Bool {
        let processes = context.dependencies.processes
        let process: Int32?
        do {
            process = try server.process(processes)
        } catch let error as FileError where !processes.isRoot && isUp {
            _ = error  // The pid file belongs to root.
            process = nil
        }
        guard isUp || process != nil else { return false }
        if !processes.isRoot {
            try Privileges(context: context).run(
                [processes.ownPath, "local", "down", "--keep-boxes", "--json"] + server.flags
                    + ["--listen", server.listen], for: "stopping boxd")
            return true
        }
        guard let process else {
            throw server.isAnother
        }
        context.emitter.statusLine.show("stopping boxd")
        try processes.terminate(process)
        var waited = Duration.zero
        while processes.isAlive(process) {
            guard waited < .seconds(30) else {
                throw CommandError("boxd (process \(process)) is still there after 30 seconds. see `box local logs`")
            }
            try await context.dependencies.pause(.milliseconds(50))
            waited += .milliseconds(50)
        }
        return true
    }
}
