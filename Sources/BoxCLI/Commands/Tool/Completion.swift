import BoxArguments
import BoxModel

/// `box completion`: prints the script for a shell's completion.
struct Completion: Command {
    var shell: CompletionScript

    static let spec = CommandSpec(
        "completion", group: CommandSection.program, summary: "Print a script for a shell's completion",
        discussion: """
            With it, the Tab key completes commands, options, values, files and the ids of your boxes. `make install` \
            puts the scripts where shells look for them.
            """,
        positionals: [
            PositionalSpec("SHELL", "bash, zsh or fish", kind: .choice(CompletionScript.allCases.map(\.rawValue)))
        ],
        examples: [
            ExampleSpec("source <(box completion bash)", "in ~/.bashrc"),
            ExampleSpec("source <(box completion zsh)", "in ~/.zshrc"),
            ExampleSpec("box completion fish | source", "in ~/.config/fish/config.fish"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        shell = parsed.argument("SHELL").flatMap(CompletionScript.init(rawValue:)) ?? .bash
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let script = shell.text(program: context.commands.spec.name)
        try context.emitter.result(["shell": .string(shell.rawValue), "script": .string(script)]) { _ in script }
        return .success
    }
}
