import BoxArguments
import BoxModel

/// `box local image build`: makes the image that boxes start from.
struct LocalImageBuild: Command {
    var options: LocalServer.Options
    var ifMissing: Bool

    static let spec = CommandSpec(
        "build", summary: "Build the image that boxes start from",
        discussion: "Boxes that exist keep the image that they were made from.",
        options: LocalServer.options + [.flag("if-missing", "do nothing when there is one")],
        examples: [ExampleSpec("box local image build", "with the newest packages")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        options = try LocalServer.Options(parsed)
        ifMissing = parsed.has("if-missing")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.world.environment)
        let program = try server.program(context.world.processes)
        let arguments = [program, "image", "build"] + server.flags
        try Privileges(context: context).run(
            arguments + (ifMissing ? ["--if-missing"] : []), for: "building the image")
        try context.emitter.result(["event": "image_built"]) { _ in "the image is built\n" }
        return .success
    }
}
