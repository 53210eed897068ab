/// Parses command lines by a tree of declarations.
///
/// Options of a command are understood from its name on, so the root's are understood everywhere. `--` ends
/// our options. For a command with trailing words, so does the first of those words. Three things are built in:
/// the options `help` and `version`, where they are declared, and the word `help` before the name of a command.
public struct CommandParser: Sendable {
    public let root: CommandSpec

    /// - Parameter root: the program. Its options are the global ones; declare `help` (`-h`) among them.
    public init(root: CommandSpec) { self.root = root }

    /// - Parameter arguments: without the program's name.
    public func parse(_ arguments: [String]) throws(UsageError) -> ParseOutcome {
        if let path = try helpPath(arguments) { return .help(path: path) }
        var run = ParserRun(root: root, arguments: arguments)
        return try run.parse()
    }

    /// `box help local up` asks for what `box local up --help` does.
    private func helpPath(_ arguments: [String]) throws(UsageError) -> [CommandSpec]? {
        if arguments.isEmpty, !root.subcommands.isEmpty { return [root] }
        guard arguments.first == "help", root.subcommand("help") == nil else { return nil }
        var path = [root]
        for word in arguments.dropFirst() where !word.hasPrefix("-") {
            guard let next = path[path.count - 1].subcommand(word) else {
                throw ParserRun.unknownCommand(word, in: path)
            }
            path.append(next)
        }
        return path
    }
}

/// One pass over one command line.
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
            if sawTerminator || !argument.hasPrefix("-") || argument == "-" {
                try take(word: argument)
            } else if argument == "--" {
                sawTerminator = true
            } else if argument.hasPrefix("--") {
                try take(long: argument)
            } else if argument.dropFirst().first?.isNumber == true {
                try take(word: argument)
            } else {
                try take(shorts: argument)
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

    private mutating func take(word: String) throws(UsageError) {
        if !command.subcommands.isEmpty {
            guard let next = command.subcommand(word) else { throw Self.unknownCommand(word, in: path) }
            path.append(next)
        } else if command.trailing != nil, words.count == command.positionals.count {
            trailing = [word] + arguments[index...]
            index = arguments.count
        } else {
            words.append(word)
        }
    }

    private func missingCommand() -> UsageError {
        let known = command.subcommands.filter { !$0.isHidden }.map(\.name)
        return error("`\(names.joined(separator: " "))` needs a command. Use \(English.list(known, "or"))")
    }

    static func unknownCommand(_ word: String, in path: [CommandSpec]) -> UsageError {
        let command = path[path.count - 1]
        let known = command.subcommands.filter { !$0.isHidden }
        let near = Suggestion.nearest(to: word, among: known.flatMap { [$0.name] + $0.aliases })
        let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
        let names = path.map(\.name)
        let place = names.count > 1 ? " for `\(names.joined(separator: " "))`" : ""
        return UsageError("unknown command \"\(word)\"\(place)\(hint)", command: names)
    }
}

// MARK: - Options

extension ParserRun {
    private var visibleOptions: [OptionSpec] { path.reversed().flatMap(\.options) }

    private func unknownOption(_ text: String) -> UsageError {
        let longs = visibleOptions.filter { !$0.isHidden }.map(\.long)
        let near = text.hasPrefix("--") ? Suggestion.nearest(to: text, among: longs) : nil
        let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
        return error("unknown option \"\(text)\" for `\(names.joined(separator: " "))`\(hint)")
    }

    private mutating func take(long argument: String) throws(UsageError) {
        let body = argument.dropFirst(2)
        let name = body.prefix { $0 != "=" }
        let attached = name.count < body.count ? String(body.dropFirst(name.count + 1)) : nil
        guard let option = visibleOptions.first(where: { $0.name == name }) else {
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

    private mutating func take(shorts argument: String) throws(UsageError) {
        var letters = argument.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = visibleOptions.first(where: { $0.short == letter }) else {
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

    /// The next argument, unless it is one of our own options: then the value was forgotten.
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
            return visibleOptions.contains { $0.name == argument.dropFirst(2).prefix { $0 != "=" } }
        }
        return argument.count == 2 && argument.hasPrefix("-") && visibleOptions.contains { $0.short == argument.last }
    }

    private mutating func set(_ option: OptionSpec, to value: String) throws(UsageError) {
        if let use = option.kind.problem(with: value) {
            throw error("invalid \(option.long) \"\(value)\". Use \(use)")
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
    /// Gives each word to its place. At most one place of a command is variadic.
    private func assignWords() throws(UsageError) -> [String: [String]] {
        let places = command.positionals
        var spare = words.count - places.reduce(0) { $0 + $1.minimum }
        if let missing = firstMissing(places) {
            let usage = (names + places.map(\.usage)).joined(separator: " ")
            throw error("missing \(missing.name): \(usage)")
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
        if let use = place.kind.problem(with: word) { throw error("invalid \(place.name) \"\(word)\". Use \(use)") }
    }

    private func unexpected(_ word: String) -> UsageError {
        let usage = (names + command.positionals.map(\.usage)).joined(separator: " ")
        let takes = command.positionals.isEmpty ? "`\(usage)` takes no arguments" : "the form is `\(usage)`"
        return error("unexpected argument \"\(word)\": \(takes)")
    }
}
