/// The only declaration of a command, for parsing, help, completion and the manual.
public struct CommandSpec: Sendable, Equatable {
    public var name: String
    public var aliases: [String]
    /// The heading under which the parent's help lists this command.
    public var group: String
    /// One line without a full stop, as in the parent's list of commands.
    public var summary: String
    /// Paragraphs for this command's own help, separated by empty lines.
    public var discussion: String
    public var options: [OptionSpec]
    /// Sets of options of which at most one may be given.
    public var exclusive: [[String]]
    public var positionals: [PositionalSpec]
    /// The message about a surplus word, which replaces the word where it may be a secret.
    public var surplus: String?
    /// Words for another program. Nothing is parsed from the first one on.
    public var trailing: TrailingSpec?
    public var examples: [ExampleSpec]
    public var subcommands: [CommandSpec]
    /// Whether the command is parsed, but not shown anywhere.
    public var isHidden: Bool

    public init(
        _ name: String, aliases: [String] = [], group: String = "Commands", summary: String, discussion: String = "",
        options: [OptionSpec] = [], exclusive: [[String]] = [], positionals: [PositionalSpec] = [],
        surplus: String? = nil, trailing: TrailingSpec? = nil, examples: [ExampleSpec] = [],
        subcommands: [CommandSpec] = [],
        isHidden: Bool = false
    ) {
        self.name = name
        self.aliases = aliases
        self.group = group
        self.summary = summary
        self.discussion = discussion
        self.options = options
        self.exclusive = exclusive
        self.positionals = positionals
        self.surplus = surplus
        self.trailing = trailing
        self.examples = examples
        self.subcommands = subcommands
        self.isHidden = isHidden
    }

    /// The subcommand of that name or alias.
    public func subcommand(_ word: String) -> CommandSpec? {
        subcommands.first { $0.name == word || $0.aliases.contains(word) }
    }
}

/// A positional argument.
public struct PositionalSpec: Sendable, Equatable {
    public enum Arity: Sendable { case one, optional, oneOrMore, zeroOrMore }

    /// The name in capitals, as help shows it.
    public var name: String
    public var help: String
    public var arity: Arity
    public var kind: ValueKind

    public init(_ name: String, _ help: String, arity: Arity = .one, kind: ValueKind = .text) {
        self.name = name
        self.help = help
        self.arity = arity
        self.kind = kind
    }

    var isVariadic: Bool { arity == .oneOrMore || arity == .zeroOrMore }
    var minimum: Int { arity == .one || arity == .oneOrMore ? 1 : 0 }

    /// The form in a usage line: `ID`, `[NAME]` or `SRC...`.
    var usage: String {
        switch arity {
        case .one: name
        case .optional: "[\(name)]"
        case .oneOrMore: "\(name)..."
        case .zeroOrMore: "[\(name)...]"
        }
    }
}

/// The words after the positionals of a command such as `ssh ID WORD…`.
public struct TrailingSpec: Sendable, Equatable {
    public var name: String
    public var help: String

    public init(_ name: String, _ help: String) {
        self.name = name
        self.help = help
    }
}

/// An example line that can be run as it is, and its description.
public struct ExampleSpec: Sendable, Equatable {
    public var line: String
    public var note: String

    public init(_ line: String, _ note: String) {
        self.line = line
        self.note = note
    }
}
