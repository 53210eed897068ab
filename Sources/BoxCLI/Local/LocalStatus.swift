import BoxArguments
import BoxClient
import BoxModel

/// `box local status`: whether boxd runs here.
struct LocalStatus: Command {
    var options: LocalServer.Options

    static let spec = CommandSpec(
        "status", summary: "Show whether the server runs", options: LocalServer.options,
        examples: [ExampleSpec("box local status --json | jq .running", "for a script")])

    init(_ parsed: ParsedCommand) throws(UsageError) { options = try LocalServer.Options(parsed) }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.world.environment)
        let origin = try server.origin()
        let isUp = try await server.isHealthy(context.world.transport)
        // The folder may be root's; then these stay unknown.
        let process = try? server.process(context.world.processes)
        let image = image(server, context)
        let json: JSON = [
            "running": .bool(isUp), "apiUrl": .string(origin.description), "pid": JSON(process.map(Int.init)),
            "dataDir": .string(server.dataFolder), "image": image ?? .null,
        ]
        try context.emitter.result(json) { style in
            var rows = [("boxd", isUp ? style.green("runs at \(origin)") : style.yellow("doesn't run"))]
            if let process { rows.append(("process", String(process))) }
            rows.append(("data", server.dataFolder))
            if let image { rows.append(("image", image["image"]?.string.map(Text.clean) ?? "not built yet")) }
            return BoxView.lines(rows, style: style)
        }
        if !isUp { context.emitter.notice("start it with `box local up`") }
        return .success
    }

    private func image(_ server: LocalServer, _ context: Context) -> JSON? {
        let processes = context.world.processes
        guard let program = try? server.program(processes) else { return nil }
        let arguments = [program, "image", "status"] + server.flags + ["--json"]
        guard let result = try? processes.run(arguments, capturesErrors: true), result.status == 0 else { return nil }
        return result.output.split(separator: UInt8(ascii: "\n")).last.flatMap { try? JSON.parse($0) }
    }
}
