import BoxArguments
import BoxClient
import BoxModel

/// `box local status`: shows whether boxd runs on this machine.
struct LocalStatus: Command {
    var options: LocalServer.Options

    static let spec = CommandSpec(
        "status", summary: "Show whether the server runs", options: LocalServer.options,
        examples: [ExampleSpec("box local status --json | jq .running", "for a script")])

    init(_ parsed: ParsedCommand) throws(UsageError) { options = try LocalServer.Options(parsed) }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.dependencies.environment)
        let origin = try server.origin()
        let answers = try await server.isHealthy(context.dependencies.transport)
        let process = process(of: server, context)
        let state = State(answers: answers, process: process)
        let image = image(server, context)
        let json: JSON = [
            "running": .bool(state == .runs), "apiUrl": .string(origin.description),
            "pid": JSON((process ?? nil).map(Int.init)), "dataDir": .string(server.dataDirectory),
            "image": image ?? .null, "answers": .bool(answers),
        ]
        try context.emitter.result(json) { style in
            var rows = [("boxd", Self.text(state, origin, style))]
            if let process = process ?? nil { rows.append(("process", String(process))) }
            rows.append(("data", server.dataDirectory))
            if let image { rows.append(("image", image["image"]?.string.map(Text.clean) ?? "not built yet")) }
            return BoxView.lines(rows, style: style)
        }
        switch state {
        case .runs: break
        case .hangs: context.emitter.notice("see `box local logs`")
        case .isAnother: context.emitter.notice(server.isAnother.message)
        case .isDown: context.emitter.notice("start it with `box local up`")
        }
        return .success
    }

    /// The state of the server, by whether it answers and by the process of the pid file.
    private enum State {
        case runs, isDown
        /// The process runs and doesn't answer.
        case hangs
        /// Another server than the boxd of this data directory answers.
        case isAnother

        /// - Parameter process: nil when it can't be determined; then an answer is trusted.
        init(answers: Bool, process: Int32??) {
            switch process {
            case nil: self = answers ? .runs : .isDown
            case .some(nil): self = answers ? .isAnother : .isDown
            case .some(.some): self = answers ? .runs : .hangs
            }
        }
    }

    /// The process of the pid file, if it runs. The outer nil means that this user can't read the directory.
    private func process(of server: LocalServer, _ context: Context) -> Int32?? {
        do {
            return .some(try server.process(context.dependencies.processes))
        } catch {
            return nil
        }
    }

    private static func text(_ state: State, _ origin: Origin, _ style: Style) -> String {
        switch state {
        case .runs: style.green("runs at \(origin)")
        case .hangs: style.red("does not answer at \(origin)")
        case .isAnother: style.yellow("doesn't run; another server answers at \(origin)")
        case .isDown: style.yellow("doesn't run")
        }
    }

    private func image(_ server: LocalServer, _ context: Context) -> JSON? {
        let processes = context.dependencies.processes
        guard let program = try? server.program(processes) else { return nil }
        let arguments = [program, "image", "status"] + server.flags + ["--json"]
        guard let result = try? processes.run(arguments, capturesErrors: true), result.status == 0 else { return nil }
        return result.output.split(separator: UInt8(ascii: "\n")).last.flatMap { try? JSON.parse($0) }
    }
}
