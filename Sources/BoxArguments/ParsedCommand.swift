/// A command line that matches its declaration.
public struct ParsedCommand: Sendable, Equatable {
    /// The command's names from the program's on, with aliases resolved: `["box", "local", "up"]`.
    public let path: [String]
    private let options: [String: [String]]
    private let positionals: [String: [String]]
    /// The words after the positionals of a command that declares them.
    public let trailing: [String]

    init(path: [String], options: [String: [String]], positionals: [String: [String]], trailing: [String]) {
        self.path = path
        self.options = options
        self.positionals = positionals
        self.trailing = trailing
    }

    /// Whether the flag or option was given.
    public func has(_ option: String) -> Bool { options[option] != nil }
    /// The option's last value.
    public func value(_ option: String) -> String? { options[option]?.last }
    /// Every value of an option that repeats, in order.
    public func values(_ option: String) -> [String] { options[option] ?? [] }
    /// The value of an option declared as an integer.
    public func integer(_ option: String) -> Int? { value(option).flatMap(Int.init) }

    /// The value of a positional; nil only when it is optional and wasn't given.
    public func argument(_ name: String) -> String? { positionals[name]?.first }
    /// The values of a variadic positional.
    public func arguments(_ name: String) -> [String] { positionals[name] ?? [] }

    /// A usage error of this command, for checks that only the command can make.
    public func usageError(_ message: String) -> UsageError { UsageError(message, command: path) }
}

/// The outcome of parsing a command line.
public enum ParseOutcome: Sendable, Equatable {
    case run(ParsedCommand)
    /// Help for the last command of the path.
    case help(path: [CommandSpec])
}
