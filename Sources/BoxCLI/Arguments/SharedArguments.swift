import BoxArguments
import BoxClient
import BoxModel

extension PositionalSpec {
    /// The operand of most commands.
    static let box = PositionalSpec("ID", "the box, as `box list` shows it, or `current`", kind: .boxID)
    /// A file's path in the box.
    static let remotePath = PositionalSpec(
        "PATH", "the file's path there; without a leading slash, or with ~/, it starts at /home/user", kind: .file)
}

extension OptionSpec {
    /// For commands that use SSH, where the home directory isn't usable.
    static let sshKey = OptionSpec.value(
        "ssh-key", short: "i", "FILE", "the private key (default BOX_SSH_KEY, else ~/.ssh/ascii_box_ed25519)",
        kind: .file)
}

extension [OptionSpec] {
    /// `--ttl` and `--no-auto-stop`: when a box is stopped automatically.
    static let timeToLive: [OptionSpec] = [
        .value(
            "ttl", "SECONDS", "stop the box after so many seconds (default 3600, at most 30 days)",
            kind: .integer(minimum: 1, unit: "seconds")),
        .flag("no-auto-stop", "let the box run until you stop it"),
    ]

    /// `--type`, `--env` and `--no-env`: how the machine is configured.
    static let machine: [OptionSpec] = [
        .value(
            "type", "TYPE", "small (2 CPUs, 4 GB), default (4 CPUs, 8 GB) or large (8 CPUs, 16 GB)",
            kind: .choice(MachineType.allCases.map(\.rawValue))),
        .value(
            "env", short: "e", "NAME=VALUE", "a variable for the box's environment; can be repeated", kind: .pair,
            repeats: true),
        .flag("no-env", "none of the account's secrets, repositories or credentials"),
        .value("environment", "NAME", "accepted for scripts of the hosted service; has no effect", isHidden: true),
    ]

    /// `--wait` and `--no-wait`: whether to return before the change is done.
    static let waiting: [OptionSpec] = [
        .flag("wait", "wait until it is done, also with --json"),
        .flag("no-wait", "come back as soon as the server has accepted"),
    ]
}

extension TimeToLiveChoice {
    /// Parses the ``timeToLive`` options; nil when none was given.
    init?(_ parsed: ParsedCommand) {
        if parsed.has("no-auto-stop") {
            self = .never
        } else if let seconds = parsed.integer("ttl") {
            self = .seconds(seconds)
        } else {
            return nil
        }
    }
}

extension MachineOptions {
    init(_ parsed: ParsedCommand) throws(UsageError) {
        let variables = parsed.values("env").map(EnvironmentVariable.init(pair:))
        if let problem = EnvironmentRules.problem(in: variables.map { ($0.name, $0.value) }) {
            throw parsed.usageError("invalid --env: \(problem)")
        }
        self.init(
            type: parsed.value("type").flatMap(MachineType.init(rawValue:)), environment: variables,
            noEnvironment: parsed.has("no-env"))
    }
}

/// Whether a command waits. By default it waits in human mode and doesn't in JSON mode.
enum Waiting: Sendable, Equatable {
    case byMode, always, never

    init(_ parsed: ParsedCommand) {
        self = parsed.has("wait") ? .always : parsed.has("no-wait") ? .never : .byMode
    }

    func isOn(in mode: OutputMode) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .byMode: mode == .human
        }
    }
}

extension EnvironmentVariable {
    /// Parses `NAME=VALUE`.
    init(pair: String) {
        let name = pair.prefix { $0 != "=" }
        self.init(name: String(name), value: String(pair.dropFirst(name.count + 1)))
    }
}
