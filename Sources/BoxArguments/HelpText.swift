/// Renders a command's help from its declaration.
public struct HelpText: Sendable {
    private let path: [CommandSpec]
    private let width: Int

    /// - Parameters:
    ///   - path: from the program to the command to explain.
    ///   - width: columns of the terminal; 40 to 100 are used.
    public init(path: [CommandSpec], width: Int = 80) {
        self.path = path
        self.width = min(max(width, 40), 100)
    }

    /// The whole text, with a line feed at its end.
    public var text: String {
        guard let command = path.last else { return "" }
        var sections = [TextLayout.wrap(Self.sentence(command.summary), width: width), usage(command)]
        if !command.discussion.isEmpty { sections.append(paragraphs(command)) }
        sections += commandLists(command)
        if let arguments = arguments(command) { sections.append(arguments) }
        sections += optionLists()
        if let examples = examples(command) { sections.append(examples) }
        if !command.subcommands.isEmpty {
            sections.append(
                TextLayout.wrap("Run `\(path.title) COMMAND --help` to read about one of them.", width: width))
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// Adds the full stop that summaries lack, because they are written for lists.
    static func sentence(_ summary: String) -> String {
        summary.hasSuffix(".") || summary.isEmpty ? summary : summary + "."
    }

    private func usage(_ command: CommandSpec) -> String {
        let text = "Usage: " + path.usage
        return command.aliases.isEmpty ? text : text + "\nAlso:  " + command.aliases.joined(separator: ", ")
    }

    private func paragraphs(_ command: CommandSpec) -> String {
        command.paragraphs.map { TextLayout.wrap($0, width: width) }.joined(separator: "\n\n")
    }

    private func commandLists(_ command: CommandSpec) -> [String] {
        let column = command.shownSubcommands.map(\.name.count).max() ?? 0
        return command.outline.map { title, commands in
            section(title, commands.map { (term: $0.name, text: $0.summary) }, column: column)
        }
    }

    private func arguments(_ command: CommandSpec) -> String? {
        let rows = command.argumentRows
        return rows.isEmpty ? nil : section("Arguments", rows)
    }

    private func optionLists() -> [String] {
        let lists = [("Options", path.ownOptions), ("Global options", path.first?.shownOptions ?? [])]
        let column = lists.flatMap(\.1).map { Self.term($0).count }.max() ?? 0
        return lists.compactMap { title, options in
            options.isEmpty ? nil : section(title, options.map { (Self.term($0), $0.help) }, column: column)
        }
    }

    private static func term(_ option: OptionSpec) -> String {
        (option.short.map { "-\($0), " } ?? "    ") + option.usage
    }

    private func examples(_ command: CommandSpec) -> String? {
        guard !command.examples.isEmpty else { return nil }
        let blocks = command.examples.map { example in
            "  \(example.line)\n" + TextLayout.wrap(example.note, width: width, indent: 6)
        }
        return "Examples:\n" + blocks.joined(separator: "\n")
    }

    private func section(_ title: String, _ rows: [(term: String, text: String)], column: Int? = nil) -> String {
        let column = min(column ?? rows.map(\.term.count).max() ?? 0, width / 2)
        let lines = rows.map { TextLayout.row($0.term, $0.text, column: column, width: width) }
        return "\(title):\n" + lines.joined(separator: "\n")
    }
}

/// Wraps words into lines.
enum TextLayout {
    static func wrap(_ text: String, width: Int, indent: Int = 0, firstIndent: Int? = nil) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = String(repeating: " ", count: firstIndent ?? indent)
        var isEmpty = true
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n")
    }

    /// A row `  term    text`, with the text wrapped in its own column. A term that is too long gets its own line.
    static func row(_ term: String, _ text: String, column: Int, width: Int) -> String {
        let indent = 2 + column + 2
        let lead = "  " + term
        if text.isEmpty { return lead }
        let body = wrap(text, width: width, indent: indent)
        if term.count > column { return lead + "\n" + body }
        return lead + String(repeating: " ", count: indent - lead.count) + body.dropFirst(indent)
    }
}
