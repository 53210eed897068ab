/// Completes unfinished command lines from the declarations. It sends no requests.
public struct Completer: Sendable {
    private let root: CommandSpec

    public init(root: CommandSpec) { self.root = root }

    /// - Parameter arguments: without the program's name. The last word is the one being typed, empty for a new word.
    public func complete(_ arguments: [String]) -> CompletionPlan {
        let word = arguments.last ?? ""
        let line = UnfinishedLine(root: root, arguments: Array(arguments.dropLast()))
        return Completion(line: line, word: word, index: max(0, arguments.count - 1)).plan()
    }
}

/// Completes one word of one line.
private struct Completion {
    let line: UnfinishedLine
    let word: String
    let index: Int

    func plan() -> CompletionPlan {
        if let start = line.trailingStart { return CompletionPlan(shell: .command(at: start)) }
        if line.isLost { return CompletionPlan() }
        if let option = line.pending { return values(option.kind, lead: "", text: word, taken: []) }
        if !line.sawTerminator, word.hasPrefix("-") { return optionPlan() }
        if !line.command.subcommands.isEmpty { return CompletionPlan(candidates: commands()) }
        return line.wantsHelp ? CompletionPlan() : positionals()
    }

    private func commands() -> [CompletionPlan.Candidate] {
        let help =
            line.command.subcommand(CommandParser.helpWord) == nil && !line.wantsHelp
            ? [CompletionPlan.Candidate(CommandParser.helpWord, "Explain a command")] : []
        let all = line.command.shownSubcommands.map { CompletionPlan.Candidate($0.name, $0.summary) } + help
        let named = all.filter { $0.word.hasPrefix(word) }
        if !named.isEmpty || word.isEmpty { return named }
        // Aliases only when nothing else matches, so that a list has each command once.
        return line.command.shownSubcommands.flatMap { command in
            command.aliases.filter { $0.hasPrefix(word) }.map { .init($0, command.summary) }
        }
    }

    // MARK: - Options

    private func optionPlan() -> CompletionPlan {
        switch ArgumentShape(word) {
        case .long(let name, .some(let text)):
            guard let option = line.path.options.first(where: { $0.name == name }), !option.isFlag else { break }
            return values(option.kind, lead: "--\(name)=", text: text, taken: [])
        case .shorts(let letters) where letters.count > 1:
            guard let option = line.path.options.first(where: { $0.short == letters.first }), !option.isFlag else {
                break
            }
            return values(option.kind, lead: String(word.prefix(2)), text: String(letters.dropFirst()), taken: [])
        default: return CompletionPlan(candidates: optionNames())
        }
        return CompletionPlan()
    }

    private func optionNames() -> [CompletionPlan.Candidate] {
        let open = line.path.options.filter { !$0.isHidden && isOpen($0) }
        let longs = open.map { CompletionPlan.Candidate($0.long, $0.help) }.filter { $0.word.hasPrefix(word) }
        let shorts = open.compactMap { option in
            option.short.map { CompletionPlan.Candidate("-\($0)", option.help) }
        }
        return longs + shorts.filter { !word.isEmpty && $0.word.hasPrefix(word) }
    }

    /// Whether it can still be given: once, or repeatedly if declared so, and not beside an option that excludes it.
    private func isOpen(_ option: OptionSpec) -> Bool {
        if line.options[option.name] != nil { return !option.isFlag && option.repeats }
        let excluding = line.path.flatMap(\.exclusive).filter { $0.contains(option.name) }.joined()
        return !excluding.contains { line.options[$0] != nil }
    }

    // MARK: - Arguments

    private func positionals() -> CompletionPlan {
        if line.isAtTrailing { return CompletionPlan(shell: .command(at: index)) }
        let places = places()
        guard !places.isEmpty else {
            return CompletionPlan(candidates: word.isEmpty && !line.sawTerminator ? optionNames() : [])
        }
        var plan = CompletionPlan()
        for kind in places.map(\.kind) {
            let more = values(kind, lead: "", text: word, taken: line.words)
            plan.candidates += more.candidates.filter { !plan.candidates.contains($0) }
            plan.boxes = plan.boxes ?? more.boxes
            plan.shell = plan.shell ?? more.shell
        }
        return plan
    }

    /// The positionals that the next word can belong to. From a variadic one on, these are all that follow, too.
    private func places() -> [PositionalSpec] {
        let all = line.command.positionals
        guard let several = all.firstIndex(where: \.isVariadic), several <= line.words.count else {
            return Array(all.dropFirst(line.words.count).prefix(1))
        }
        return Array(all[several...])
    }

    // MARK: - Values

    private func values(_ kind: ValueKind, lead: String, text: String, taken: [String]) -> CompletionPlan {
        switch kind {
        case .text, .integer, .pair: return CompletionPlan()
        case .choice(let words), .suggestion(let words):
            return CompletionPlan(candidates: words.filter { $0.hasPrefix(text) }.map { .init(lead + $0) })
        case .list(let words):
            return CompletionPlan(candidates: list(words, text).map { .init(lead + $0) })
        case .file: return CompletionPlan(shell: .files(lead: lead))
        case .boxID: return CompletionPlan(boxes: boxes(lead, text, suffix: "", taken))
        case .remotePath:
            let head = text.prefix { $0 != "/" }
            if head.contains(":") { return CompletionPlan() }
            let boxes = head.count == text.count ? boxes(lead, text, suffix: ":", []) : nil
            return CompletionPlan(boxes: boxes, shell: .files(lead: lead))
        }
    }

    /// The completions of a list: the typed items, each with a word that may come next.
    private func list(_ words: [String], _ text: String) -> [String] {
        let given = ValueKind.items(of: text)
        let before = given.dropLast()
        let lead = before.map { $0 + "," }.joined()
        return words.filter { $0.hasPrefix(given.last ?? "") && !before.contains($0) }.map { lead + $0 }
    }

    private func boxes(_ lead: String, _ text: String, suffix: String, _ taken: [String]) -> CompletionPlan.Boxes {
        CompletionPlan.Boxes(
            lead: lead, prefix: text, suffix: suffix, taken: taken, options: line.options.mapValues { $0.last ?? "" })
    }
}
