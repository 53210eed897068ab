/// The parts of a command that help, the manual and completion share.
extension CommandSpec {
    var shownSubcommands: [CommandSpec] { subcommands.filter { !$0.isHidden } }
    var shownOptions: [OptionSpec] { options.filter { !$0.isHidden } }

    /// The shown subcommands by heading, in the order of the declaration.
    var outline: [(title: String, commands: [CommandSpec])] {
        var titles: [String] = []
        for title in shownSubcommands.map(\.group) where !titles.contains(title) { titles.append(title) }
        return titles.map { title in (title, shownSubcommands.filter { $0.group == title }) }
    }

    /// The names and texts of the positionals and trailing words.
    var argumentRows: [(term: String, text: String)] {
        positionals.map { ($0.name, $0.help) } + (trailing.map { [($0.name, $0.help)] } ?? [])
    }

    /// The paragraphs of ``discussion``.
    var paragraphs: [String] { discussion.split(separator: "\n\n").map(String.init) }
}

/// A path from the program to a command.
extension [CommandSpec] {
    /// The names of the path, such as `box local up`.
    var title: String { map(\.name).joined(separator: " ") }

    /// The usage line, such as `box info [OPTIONS] ID`.
    var usage: String {
        guard let command = last else { return "" }
        var words = map(\.name)
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        if contains(where: { !$0.shownOptions.isEmpty }) { words.append("[OPTIONS]") }
        words += command.positionals.map(\.usage)
        if let trailing = command.trailing { words.append("[\(trailing.name)...]") }
        return words.joined(separator: " ")
    }

    /// Every option that is valid here, the nearest command's first.
    var options: [OptionSpec] { reversed().flatMap(\.options) }

    /// The shown options, without the program's global options.
    var ownOptions: [OptionSpec] { dropFirst().flatMap(\.shownOptions) }

    /// This path and those of every shown command below it.
    var shownTree: [[CommandSpec]] {
        [self] + (last?.shownSubcommands ?? []).flatMap { (self + [$0]).shownTree }
    }
}
