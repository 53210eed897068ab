/// What help, the manual and completion tell of a command alike.
extension CommandSpec {
    var shownSubcommands: [CommandSpec] { subcommands.filter { !$0.isHidden } }
    var shownOptions: [OptionSpec] { options.filter { !$0.isHidden } }

    /// The shown subcommands under their headings, in the order of the declaration.
    var outline: [(title: String, commands: [CommandSpec])] {
        var titles: [String] = []
        for title in shownSubcommands.map(\.group) where !titles.contains(title) { titles.append(title) }
        return titles.map { title in (title, shownSubcommands.filter { $0.group == title }) }
    }

    /// The positionals and trailing words.
    var argumentRows: [(term: String, text: String)] {
        positionals.map { ($0.name, $0.help) } + (trailing.map { [($0.name, $0.help)] } ?? [])
    }

    /// ``discussion`` in its parts.
    var paragraphs: [String] { discussion.split(separator: "\n\n").map(String.init) }
}

/// A path from the program to a command.
extension [CommandSpec] {
    /// `box local up`.
    var title: String { map(\.name).joined(separator: " ") }

    /// `box info [OPTIONS] ID`.
    var usage: String {
        guard let command = last else { return "" }
        var words = map(\.name)
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        if contains(where: { !$0.shownOptions.isEmpty }) { words.append("[OPTIONS]") }
        words += command.positionals.map(\.usage)
        if let trailing = command.trailing { words.append("[\(trailing.name)...]") }
        return words.joined(separator: " ")
    }

    /// Every option that is understood here, the nearest command's first.
    var options: [OptionSpec] { reversed().flatMap(\.options) }

    /// The shown options that aren't the program's.
    var ownOptions: [OptionSpec] { dropFirst().flatMap(\.shownOptions) }

    /// This and every shown command below it.
    var shownTree: [[CommandSpec]] {
        [self] + (last?.shownSubcommands ?? []).flatMap { (self + [$0]).shownTree }
    }
}
