/// Generates the manual page from the declaration, in troff with the man(7) macros.
public struct ManPage: Sendable {
    private let root: CommandSpec
    private let manual: Manual

    public init(root: CommandSpec, manual: Manual) {
        self.root = root
        self.manual = manual
    }

    /// The whole page, with a line feed at its end.
    public var text: String {
        let name = root.name
        var lines = [
            "." + #"\" Generated from the declaration of the commands."#,
            ".TH \(Roff.quoted(name.uppercased())) 1 \"\" \(Roff.quoted("\(name) \(manual.version)")) \"User Commands\"",
            // Turn off justification and hyphenation, since words may be commands.
            ".nh", ".ad l",
        ]
        lines += [".SH NAME", "\(Roff.escape(name)) \\- \(Roff.prose(root.summary))"]
        lines += [".SH SYNOPSIS", Roff.bold([root].usage)]
        // A section already starts with a paragraph.
        lines += [".SH DESCRIPTION"] + Self.paragraphs(manual.paragraphs).dropFirst()
        lines += overview()
        lines += [".SH GLOBAL OPTIONS"] + Self.options(root.shownOptions)
        lines += [".SH COMMANDS"] + [root].shownTree.dropFirst().flatMap(Self.command)
        for list in manual.lists {
            lines += [".SH \(Roff.quoted(list.title.uppercased()))"]
            lines += list.rows.flatMap { Self.row($0.term, $0.text) }
        }
        lines += [".SH SEE ALSO", Roff.escape(manual.seeAlso.joined(separator: ", "))]
        return lines.map { $0 + "\n" }.joined()
    }

    /// The commands by heading, as in the program's help.
    private func overview() -> [String] {
        root.outline.flatMap { title, commands in
            [".SS \(Roff.quoted(title))", ".PD 0"] + commands.flatMap { Self.row($0.name, $0.summary, indent: 14) } + [
                ".PD"
            ]
        }
    }

    private static func command(_ path: [CommandSpec]) -> [String] {
        guard let command = path.last else { return [] }
        var lines = [".SS \(Roff.quoted(path.title))", Roff.bold(path.usage)]
        if !command.aliases.isEmpty {
            lines += [".br", "Also: \(command.aliases.map(Roff.bold).joined(separator: ", "))"]
        }
        lines += paragraphs([HelpText.sentence(command.summary)] + command.paragraphs)
        lines += command.argumentRows.flatMap { row($0.term, $0.text) }
        lines += options(command.shownOptions)
        for example in command.examples {
            lines += [".PP", HelpText.sentence(Roff.prose(example.note.capitalizedFirst)), ".RS 4", ".nf"]
            lines += [Roff.escape(example.line), ".fi", ".RE"]
        }
        return lines
    }

    private static func paragraphs(_ texts: [String]) -> [String] { texts.flatMap { [".PP", Roff.prose($0)] } }

    private static func options(_ options: [OptionSpec]) -> [String] {
        options.flatMap { option in row((option.short.map { "-\($0), " } ?? "") + option.usage, option.help) }
    }

    /// - Parameter indent: the column of the text; nil for the macro's default.
    private static func row(_ term: String, _ text: String, indent: Int? = nil) -> [String] {
        [".TP" + (indent.map { " \($0)" } ?? ""), Roff.bold(term), Roff.prose(text)]
    }
}

extension String {
    /// Capitalises the first letter, unless the text starts with something to type.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
