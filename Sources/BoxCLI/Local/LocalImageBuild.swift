import BoxArguments
import BoxModel

/// `box local image build`: builds the image that boxes start from.
struct LocalImageBuild: Command {
    var options: LocalServer.Options
    var ifMissing: Bool
    var isSlim: Bool
    var withAgents: Bool

    static let spec = CommandSpec(
        "build", summary: "Build the image that boxes start from",
        discussion: """
            Boxes that exist keep the image that they were made from. The programs of the agents, Codex and Claude Code, are \
            fetched from PyPI when a prompt needs them first; --with agents fetches them now.
            """,
        options: LocalServer.options + [
            .flag("if-missing", "do nothing when there is one"),
            .flag("slim", "leave out Node.js, gh, vim, zsh, fish, cron, ImageMagick and xdotool"),
            .value("with", "WHAT", "agents: also fetch the agents' programs", kind: .choice(["agents"])),
        ],
        examples: [
            ExampleSpec("box local image build", "with the newest packages"),
            ExampleSpec("box local image build --if-missing --with agents", "everything that prompts need"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        options = try LocalServer.Options(parsed)
        ifMissing = parsed.has("if-missing")
        isSlim = parsed.has("slim")
        withAgents = parsed.has("with")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.dependencies.environment)
        let program = try server.program(context.dependencies.processes)
        let arguments =
            [program, "image", "build"] + server.flags + (ifMissing ? ["--if-missing"] : [])
            + (isSlim ? ["--slim"] : []) + (withAgents ? ["--with", "agents"] : [])
        try Privileges(context: context).run(arguments, for: "building the image")
        try context.emitter.result(["event": "image_built"]) { _ in "the image is built\n" }
        return .success
    }
}
