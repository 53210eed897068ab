/// Renders a command's help from its declaration.
public struct HelpText: Sendable {
    private let path: [CommandSpec]
    private let width: Int

    /// - Parameters:
    ///   - path: from the program to the command that is explained.
    ///   - width: columns of the terminal; 40 to 100 are used.
    public init(path: [CommandSpec], width: Int = 80) {
        self.path = path
        self.width = min(max(width, 40), 100)
    }

    /// The whole text, with a line feed at its end.
    public var text: String {
        guard let command = path.last else { return "" }
        var sections = [TextLayout.wrap(Self.sentence(command.summary), width: width), usage(command)]
        if !command.discussion.isEmpty { sections.append(paragraphs(command.discussion)) }
        sections += commandLists(command)
        if let arguments = arguments(command) { sections.append(arguments) }
        sections += optionLists()
        if let examples = examples(command) { sections.append(examples) }
        if !command.subcommands.isEmpty {
            let name = path.map(\.name).joined(separator: " ")
            sections.append(TextLayout.wrap("Run `\(name) COMMAND --help` to read about one of them.", width: width))
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// Summaries are written without a full stop, for the lists.
    private static func sentence(_ summary: String) -> String {
        summary.hasSuffix(".") || summary.isEmpty ? summary : summary + "."
    }

    private func usage(_ command: CommandSpec) -> String {
        var words = path.map(\.name)
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        if path.contains(where: { $0.options.contains { !$0.isHidden } }) { words.append("[OPTIONS]") }
        words += command.positionals.map(\.usage)
        if let trailing = command.trailing { words.append("[\(trailing.name)...]") }
        var text = "Usage: " + words.joined(separator: " ")
        if !command.aliases.isEmpty { text += "\nAlso:  " + command.aliases.joined(separator: ", ") }
        return text
    }

    private func paragraphs(_ text: String) -> String {
        text.split(separator: "\n\n").map { TextLayout.wrap(String($0), width: width) }.joined(separator: "\n\n")
    }

    private func commandLists(_ command: CommandSpec) -> [String] {
        let shown = command.subcommands.filter { !$0.isHidden }
        var groups: [String] = []
        for group in shown.map(\.group) where !groups.contains(group) { groups.append(group) }
        let column = shown.map(\.name.count).max() ?? 0
        return groups.map { group in
            let rows = shown.filter { $0.group == group }.map { (term: $0.name, text: $0.summary) }
            return section(group, rows, column: column)
        }
    }

    private func arguments(_ command: CommandSpec) -> String? {
        var rows = command.positionals.map { (term: $0.name, text: $0.help) }
        if let trailing = command.trailing { rows.append((trailing.name, trailing.help)) }
        return rows.isEmpty ? nil : section("Arguments", rows)
    }

    private func optionLists() -> [String] {
        let own = path.dropFirst().flatMap(\.options).filter { !$0.isHidden }
        let global = (path.first?.options ?? []).filter { !$0.isHidden }
        let column = path.flatMap(\.options).filter { !$0.isHidden }.map { Self.term($0).count }.max() ?? 0
        return [("Options", own), ("Global options", global)].compactMap { title, options in
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

/// Words broken into lines.
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

    /// `  term    text`, the text wrapped in its own column; a term that is too long gets a line to itself.
    static func row(_ term: String, _ text: String, column: Int, width: Int) -> String {
        let indent = 2 + column + 2
        let lead = "  " + term
        if text.isEmpty { return lead }
        let body = wrap(text, width: width, indent: indent)
        if term.count > column { return lead + "\n" + body }
        return lead + String(repeating: " ", count: indent - lead.count) + body.dropFirst(indent)
    }
}
