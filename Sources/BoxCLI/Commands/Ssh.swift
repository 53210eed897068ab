import BoxArguments
import BoxClient
import BoxModel
import BoxSSH

/// `box ssh`: a shell or a command in a box.
struct Ssh: Command {
    /// Whether to ask for a terminal there.
    enum TerminalChoice: Equatable { case automatic, always, never }

    var id: String
    var words: [String]
    var terminal: TerminalChoice
    var environment: [EnvironmentVariable]
    var forwards: [PortForward] = []

    static let spec = CommandSpec(
        "ssh", group: CommandTable.boxes, summary: "Open a shell in a box, or run a command there",
        discussion: """
            Standard input, output and error are the command's own, and so is its exit status; 255 means that there was \
            no connection. Ctrl-C and other signals are the command's too; a second one ends the connection. One WORD is a line for the shell there; several keep their boundaries. From the first WORD \
            or -- on, nothing is an option of ours.

            The key is ~/.ssh/ascii_box_ed25519, made when it isn't there; ssh, scp and rsync can use it too.
            """,
        options: [
            .flag("tty", short: "t", "ask for a terminal, also for a command"),
            .flag("no-tty", short: "T", "ask for no terminal"),
            .value(
                "env", short: "e", "NAME=VALUE", "a variable for the command there; can be repeated", kind: .pair,
                repeats: true),
            .value(
                "forward", short: "L", "FORWARD",
                "a port here that leads into the box meanwhile: PORT or [BIND:]LOCAL:[HOST:]REMOTE; can be repeated",
                repeats: true),
            ForwardOptions.reverse(" meanwhile"), ForwardOptions.socks(" meanwhile"),
        ],
        exclusive: [["tty", "no-tty"]], positionals: [.box], trailing: TrailingSpec("WORD", "the command to run there"),
        examples: [
            ExampleSpec("box ssh bx_8pqt6dup", "a shell"),
            ExampleSpec("box ssh bx_8pqt6dup \"cd app && npm test\"", "a line for the shell there"),
            ExampleSpec("box ssh bx_8pqt6dup -- bash -s < setup.sh", "a script from here"),
            ExampleSpec("box ssh current -t htop", "a program that needs a terminal"),
            ExampleSpec("box ssh -L 3000 current \"npm start\"", "with its port 3000 here, for as long as it runs"),
            ExampleSpec("box ssh -R 5432 current", "this machine's database is at the box's port 5432"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        words = parsed.trailing
        environment = parsed.values("env").map(EnvironmentVariable.init(pair:))
        for variable in environment where !RemoteCommand.isName(variable.name) {
            throw parsed.usageError("invalid --env: \"\(variable.name)\" is no name of a variable. Use NAME=VALUE")
        }
        // Nobody would hear which port it was.
        forwards = try ForwardOptions.parse(parsed, allowsAny: false)
        terminal = parsed.has("tty") ? .always : parsed.has("no-tty") ? .never : .automatic
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let isTerminal = context.world.terminal.stdinIsTerminal
        let wantsTerminal =
            switch terminal {
            case .always: true
            case .never: false
            case .automatic: words.isEmpty && isTerminal
            }
        let destination = try await context.sshDestination(ofArgument: id)
        let status = try context.world.ssh.run(
            SSHSession(
                destination: destination, words: words, wantsTerminal: wantsTerminal, hasLocalTerminal: isTerminal,
                term: context.world.environment["TERM"] ?? "xterm-256color", environment: environment,
                forwards: forwards))
        return ExitStatus(rawValue: status)
    }
}
