/// The state of parsing before the word that is being typed. Unlike the parser it ignores errors.
struct UnfinishedLine {
    private(set) var path: [CommandSpec]
    /// The values given so far; empty for a flag.
    private(set) var options: [String: [String]] = [:]
    private(set) var words: [String] = []
    private(set) var sawTerminator = false
    /// The option whose value is being typed.
    private(set) var pending: OptionSpec?
    /// The index of the first trailing word.
    private(set) var trailingStart: Int?
    /// Whether only help about the command is requested.
    private(set) var wantsHelp = false
    /// Whether a word matched no command, so that nothing can be completed.
    private(set) var isLost = false

    /// - Parameter arguments: without the program's name and the word being typed.
    init(root: CommandSpec, arguments: [String]) {
        path = [root]
        for (index, argument) in arguments.enumerated() where trailingStart == nil { consume(argument, at: index) }
    }

    var command: CommandSpec { path[path.count - 1] }
    /// Whether words from here on belong to the trailing command.
    var isAtTrailing: Bool { command.trailing != nil && words.count == command.positionals.count }

    private mutating func consume(_ argument: String, at index: Int) {
        if let option = pending {
            options[option.name, default: []].append(argument)
            pending = nil
        } else if sawTerminator || ArgumentShape(argument) == .word {
            consume(word: argument, at: index)
        } else {
            switch ArgumentShape(argument) {
            case .word: break
            case .terminator: sawTerminator = true
            case .long(let name, let value): consume(path.options.first { $0.name == name }, attached: value)
            case .shorts(let letters): consume(letters)
            }
        }
    }

    private mutating func consume(word: String, at index: Int) {
        if !command.subcommands.isEmpty {
            if let next = command.subcommand(word) {
                path.append(next)
            } else if word == CommandParser.helpWord {
                wantsHelp = true
            } else {
                isLost = true
            }
        } else if isAtTrailing {
            trailingStart = index
        } else {
            words.append(word)
        }
    }

    private mutating func consume(_ option: OptionSpec?, attached: String?) {
        guard let option else { return }
        options[option.name, default: []] += attached.map { [$0] } ?? []
        if !option.isFlag, attached == nil { pending = option }
    }

    private mutating func consume(_ letters: Substring) {
        for index in letters.indices {
            let option = path.options.first { $0.short == letters[index] }
            let rest = letters[letters.index(after: index)...]
            if let option, !option.isFlag {
                return consume(option, attached: rest.isEmpty ? nil : String(rest.drop { $0 == "=" }))
            }
            consume(option, attached: nil)
        }
    }
}
