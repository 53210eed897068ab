import BoxArguments

/// `box proxy`: connects OpenSSH to a box, as its ProxyCommand.
struct Proxy: Command {
    var id: String

    static let spec = CommandSpec(
        "proxy", group: CommandSection.boxes, summary: "Carry one SSH connection to a box, for ssh's ProxyCommand",
        discussion: """
            Lets the managed key into the box, finds out where the box is now, and connects standard input and output with \
            its SSH server. `box ssh-config` writes the configuration that uses it.
            """,
        options: [.sshKey], positionals: [.box],
        examples: [
            ExampleSpec("box proxy bx_8pqt6dup", "what ssh runs for that box")
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) { id = parsed.argument("ID") ?? "" }

    func run(_ context: Context) async throws -> ExitStatus {
        try context.dependencies.ssh.relay(to: try await context.sshDestination(ofArgument: id, connects: false))
        return .success
    }
}
