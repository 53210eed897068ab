import BoxArguments
import BoxClient
import BoxModel
import BoxSSH

/// `box ssh`: opens a shell or runs a command in a box.
struct Ssh: Command {
    /// Whether to request a terminal in the box.
    enum TerminalChoice: Equatable { case automatic, always, never }

    /// As typed by the user: an id or `current`, perhaps with USER@ before it.
    var id: String
    var words: [String]
    var terminal: TerminalChoice
    var environment: [EnvironmentVariable]
    var forwards: [PortForward] = []
    var openSSH = OpenSSHOptions()
    /// Whether to only show what would be connected to.
    var printsConfig = false

    static let spec = CommandSpec(
        "ssh", group: CommandSection.boxes, summary: "Open a shell in a box, or run a command there",
        discussion: """
            Standard input, output and error are the command's own, and so is its exit status; 255 means that there was \
            no connection. Ctrl-C and other signals are the command's too; a second one ends the connection. One WORD is a line for the shell there; several keep their boundaries. From the first WORD \
            or -- on, nothing is an option of ours.

            The key is ~/.ssh/ascii_box_ed25519, made when it isn't there; ssh, scp and rsync can use it too.

            Programs that run ssh can run `box ssh` in its place: `rsync -a -e 'box ssh' src/ bx_8pqt6dup:src/`, or \
            `GIT_SSH_COMMAND='box ssh' git clone bx_8pqt6dup:app.git`. It takes USER@ID and ssh's options; those that \
            would change what is run or reached, and can't be honoured, are errors.
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
            ForwardOptions.reverse(" meanwhile"), ForwardOptions.socks(" meanwhile"), .sshKey,
        ] + OpenSSHOptions.specs,
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
        // Port 0 isn't allowed, since the session couldn't report which port was chosen.
        forwards = try ForwardOptions.parse(parsed, allowsAny: false)
        openSSH = try OpenSSHOptions(parsed)
        if openSSH.dropsForwards { forwards = [] }
        terminal = parsed.has("tty") ? .always : parsed.has("no-tty") ? .never : openSSH.terminal ?? .automatic
        printsConfig = parsed.has("print-config")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        if printsConfig { return try printConfig(context) }
        let isTerminal = context.dependencies.terminal.stdinIsTerminal
        let wantsTerminal =
            switch terminal {
            case .always: true
            case .never: false
            case .automatic: words.isEmpty && isTerminal
            }
        let destination = try await context.sshDestination(
            ofArgument: id, as: openSSH.user, connects: !openSSH.compresses)
        let status = try context.dependencies.ssh.run(
            SSHSession(
                destination: destination, words: words, wantsTerminal: wantsTerminal, hasLocalTerminal: isTerminal,
                term: context.dependencies.environment["TERM"] ?? "xterm-256color",
                environment: environment + openSSH.variables(of: context.dependencies.environment), forwards: forwards,
                hasInput: openSSH.hasInput, isSubsystem: openSSH.isSubsystem, compresses: openSSH.compresses)
        ) { [emitter = context.emitter] in emitter.noticeBesideSession($0) }
        return ExitStatus(rawValue: status)
    }

    /// Prints the configuration, as `ssh -G` does. git uses this to find out whether a program accepts ssh's options.
    private func printConfig(_ context: Context) throws -> ExitStatus {
        let login = BoxLogin(id)
        let host = try context.boxID(login.box)
        let files = try context.sshFiles()
        let lines = [
            "host \(host)", "hostname \(host)", "user \(openSSH.user ?? login.user ?? "user")", "port 22",
            "identityfile \(files.key)", "userknownhostsfile \(files.knownHosts)",
        ]
        let text = lines.map { $0 + "\n" }.joined()
        try context.emitter.result(["config": .string(text)]) { _ in text }
        return .success
    }
}
