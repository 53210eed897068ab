/// Parses command lines by a tree of declarations.
///
/// A command's options are recognised after its name, so the root's options are recognised everywhere. `--` ends the
/// options. So does the first trailing word, for a command that has them. Three things are built in: the options `help`
/// and `version`, where they are declared, and the word `help` before the name of a command.
public struct CommandParser: Sendable {
    public let root: CommandSpec

    /// - Parameter root: the program. Its options are the global ones; declare `help` (`-h`) among them.
    public init(root: CommandSpec) { self.root = root }

    /// The word that requests a command's help when it comes before the command's name, in every command with
    /// subcommands.
    static let helpWord = "help"

    /// - Parameter arguments: without the program's name.
    public func parse(_ arguments: [String]) throws(UsageError) -> ParseOutcome {
        if arguments.isEmpty, !root.subcommands.isEmpty { return .help(path: [root]) }
        var run = ParserRun(root: root, arguments: arguments)
        return try run.parse()
    }
}

/// The form of an argument, before its meaning is known.
enum ArgumentShape: Equatable {
    case word
    /// `--`.
    case terminator
    /// `--name` or `--name=value`.
    case long(name: String, value: String?)
    /// The letters of `-abc`.
    case shorts(Substring)

    /// - Parameter options: those that are recognised at this position. A digit is an option only where it is declared;
    ///   otherwise -5 is a number.
    init(_ argument: String, options: [OptionSpec] = []) {
        let body = argument.dropFirst(2)
        let first = argument.dropFirst().first
        let isNumber = first?.isNumber == true && !options.contains { $0.short == first }
        if !argument.hasPrefix("-") || argument == "-" || isNumber {
            self = .word
        } else if argument == "--" {
            self = .terminator
        } else if argument.hasPrefix("--") {
            let name = body.prefix { $0 != "=" }
            self = .long(
                name: String(name), value: name.count < body.count ? String(body.dropFirst(name.count + 1)) : nil)
        } else {
            self = .shorts(argument.dropFirst())
        }
    }
}

/// Parses one command line.
struct ParserRun {
    private let arguments: [String]
    private var index = 0
    private var path: [CommandSpec]
    private var options: [String: [String]] = [:]
    private var words: [String] = []
    private var trailing: [String] = []
    private var sawTerminator = false
    private var wantsHelp = false

    init(root: CommandSpec, arguments: [String]) {
        self.path = [root]
        self.arguments = arguments
    }

    private var command: CommandSpec { path[path.count - 1] }
    private var names: [String] { path.map(\.name) }

    private func error(_ message: String) -> UsageError { UsageError(message, command: names) }

    mutating func parse() throws(UsageError) -> ParseOutcome {
        while index < arguments.count, !wantsHelp {
            let argument = arguments[index]
            index += 1
            switch sawTerminator ? .word : ArgumentShape(argument, options: path.options) {
            case .word: try consume(word: argument)
            case .terminator: sawTerminator = true
            case .long(let name, let value): try consume(long: name, attached: value)
            case .shorts(let letters): try consume(shorts: letters)
            }
        }
        if wantsHelp { return .help(path: path) }
        if options["version"] != nil, let version = path.first?.subcommand("version") {
            path = [path[0], version]
            words = []
        }
        if !command.subcommands.isEmpty { throw missingCommand() }
        try checkExclusive()
        let positionals = try assignWords()
        return .run(ParsedCommand(path: names, options: options, positionals: positionals, trailing: trailing))
    }

    private mutating func consume(word: String) throws(UsageError) {
        if !command.subcommands.isEmpty {
            if let next = command.subcommand(word) {
                path.append(next)
            } else if word == CommandParser.helpWord {
                try consumeHelp()
            } else {
                throw Self.unknownCommand(word, in: path)
            }
        } else if command.trailing != nil, words.count == command.positionals.count {
            trailing = [word] + arguments[index...]
            index = arguments.count
        } else {
            words.append(word)
        }
    }

    /// Parses the rest of `box help local up`, which means the same as `box local up --help`.
    private mutating func consumeHelp() throws(UsageError) {
        for word in arguments[index...] where !word.hasPrefix("-") && word != CommandParser.helpWord {
            guard let next = command.subcommand(word) else { throw Self.unknownCommand(word, in: path) }
            path.append(next)
        }
        wantsHelp = true
    }

    private func missingCommand() -> UsageError {
        let known = command.shownSubcommands.map(\.name)
        return error("`\(names.joined(separator: " "))` needs a command. Use \(English.list(known, "or"))")
    }

    static func unknownCommand(_ word: String, in path: [CommandSpec]) -> UsageError {
        let command = path[path.count - 1]
        let known = command.shownSubcommands.flatMap { [$0.name] + $0.aliases }
        let near = Suggestion.nearest(to: word, among: known + [CommandParser.helpWord])
        let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
        let names = path.map(\.name)
        let place = names.count > 1 ? " for `\(names.joined(separator: " "))`" : ""
        return UsageError("unknown command \"\(word)\"\(place)\(hint)", command: names)
    }
}

// MARK: - Options

extension ParserRun {
    private func unknownOption(_ text: String) -> UsageError {
        let longs = path.options.filter { !$0.isHidden }.map(\.long)
        let near = text.hasPrefix("--") ? Suggestion.nearest(to: text, among: longs) : nil
        let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
        return error("unknown option \"\(text)\" for `\(names.joined(separator: " "))`\(hint)")
    }

    private mutating func consume(long name: String, attached: String?) throws(UsageError) {
        guard let option = path.options.first(where: { $0.name == name }) else {
            throw unknownOption("--\(name)")
        }
        if option.isFlag {
            if let attached { throw error("option \(option.long) takes no value, but got \"\(attached)\"") }
            set(flag: option)
        } else if let attached {
            try set(option, to: attached)
        } else {
            try set(option, to: try nextValue(for: option))
        }
    }

    private mutating func consume(shorts argument: Substring) throws(UsageError) {
        var letters = argument
        while let letter = letters.popFirst() {
            guard let option = path.options.first(where: { $0.short == letter }) else {
                throw unknownOption("-\(letter)")
            }
            if option.isFlag {
                set(flag: option)
                continue
            }
            if letters.first == "=" { letters.removeFirst() }
            try set(option, to: try letters.isEmpty ? nextValue(for: option) : String(letters))
            return
        }
    }

    private mutating func set(flag option: OptionSpec) {
        options[option.name] = []
        if option.name == "help" { wantsHelp = true }
    }

    /// The next argument as an option's value. If it is one of our own options, the value is missing.
    private mutating func nextValue(for option: OptionSpec) throws(UsageError) -> String {
        let isOption = index < arguments.count && isOurOption(arguments[index])
        guard index < arguments.count, !isOption else {
            throw error("option \(option.long) needs a value: \(option.usage)")
        }
        index += 1
        return arguments[index - 1]
    }

    private func isOurOption(_ argument: String) -> Bool {
        if argument == "--" { return true }
        if argument.hasPrefix("--") {
            return path.options.contains { $0.name == argument.dropFirst(2).prefix { $0 != "=" } }
        }
        return argument.count == 2 && argument.hasPrefix("-") && path.options.contains { $0.short == argument.last }
    }

    private mutating func set(_ option: OptionSpec, to value: String) throws(UsageError) {
        if let problem = option.kind.problem(with: value) {
            throw error("invalid \(option.long) \"\(value)\"\(problem)")
        }
        let earlier = options[option.name] ?? []
        if !option.repeats, let first = earlier.first, first != value {
            throw error("option \(option.long) was given twice, as \"\(first)\" and \"\(value)\"")
        }
        options[option.name] = option.repeats ? earlier + [value] : [value]
    }

    private func checkExclusive() throws(UsageError) {
        for group in path.flatMap(\.exclusive) {
            let given = group.filter { options[$0] != nil }
            guard given.count > 1 else { continue }
            throw error("\(English.list(given.map { "--\($0)" }, "and")) can't be used together")
        }
    }
}

// MARK: - Positionals

extension ParserRun {
    /// Assigns each word to a positional. At most one positional of a command is variadic.
    private func assignWords() throws(UsageError) -> [String: [String]] {
        let places = command.positionals
        var spare = words.count - places.reduce(0) { $0 + $1.minimum }
        if let missing = firstMissing(places) {
            let usage = (names + places.map(\.usage)).joined(separator: " ")
            throw error("missing \(missing.name): \(usage)" + (missing.kind.choices.map { ". Use \($0)" } ?? ""))
        }
        var assigned: [String: [String]] = [:]
        var rest = words[...]
        for place in places {
            let count = place.isVariadic ? place.minimum + spare : min(1, place.minimum + spare)
            spare -= count - place.minimum
            let taken = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            for word in taken { try check(word, at: place) }
            if !taken.isEmpty { assigned[place.name] = taken }
        }
        if let extra = rest.first { throw unexpected(extra) }
        return assigned
    }

    private func firstMissing(_ places: [PositionalSpec]) -> PositionalSpec? {
        let required = places.filter { $0.minimum > 0 }
        return words.count < required.count ? required[words.count] : nil
    }

    private func check(_ word: String, at place: PositionalSpec) throws(UsageError) {
        if word.isEmpty, place.kind != .text { throw error("\(place.name) is empty") }
        if let problem = place.kind.problem(with: word) {
            throw error("invalid \(place.name) \"\(word)\"\(problem)")
        }
    }

    private func unexpected(_ word: String) -> UsageError {
        if let surplus = command.surplus { return error(surplus) }
        let usage = (names + command.positionals.map(\.usage)).joined(separator: " ")
        let takes = command.positionals.isEmpty ? "`\(usage)` takes no arguments" : "the form is `\(usage)`"
        return error("unexpected argument \"\(word)\": \(takes)")
    }
}
