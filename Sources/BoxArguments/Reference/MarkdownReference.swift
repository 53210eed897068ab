/// Generates the Markdown reference of all commands from the declaration.
public struct MarkdownReference: Sendable {
    private let root: CommandSpec
    private let manual: Manual

    public init(root: CommandSpec, manual: Manual) {
        self.root = root
        self.manual = manual
    }

    /// The whole text, with a line feed at its end.
    public var text: String {
        var blocks = [
            "<!-- Generated from the declaration of the commands. Don't edit. -->", "# \(root.name)",
            Self.prose(HelpText.sentence(root.summary)), Self.code([root].usage),
        ]
        blocks += manual.paragraphs.map(Self.prose)
        blocks += contents()
        blocks += ["## Global options", Self.list(root.shownOptions.map(Self.row))]
        blocks += [root].shownTree.dropFirst().flatMap(Self.command)
        for list in manual.lists {
            blocks += ["## \(list.title)", Self.list(list.rows.map { ($0.term, $0.text) })]
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    /// A table of contents by group.
    private func contents() -> [String] {
        let commands = root.outline.flatMap { title, commands in
            let lines = commands.flatMap { [root, $0].shownTree }.map { path in
                let indent = String(repeating: "  ", count: path.count - 2)
                return "\(indent)- \(Self.link(path.title)): \(Self.prose(path.last?.summary ?? ""))"
            }
            return ["### \(title)", lines.joined(separator: "\n")]
        }
        let rest = ["Global options"] + manual.lists.map(\.title)
        return ["## Contents"] + commands + ["### More", rest.map { "- \(Self.link($0))" }.joined(separator: "\n")]
    }

    private static func command(_ path: [CommandSpec]) -> [String] {
        guard let command = path.last else { return [] }
        var blocks = ["## \(path.title)", prose(HelpText.sentence(command.summary)), code(path.usage)]
        if !command.aliases.isEmpty {
            blocks.append("Also: " + command.aliases.map { "`\($0)`" }.joined(separator: ", "))
        }
        blocks += command.paragraphs.map(prose)
        let lists = [
            ("Commands", command.shownSubcommands.map { ($0.name, $0.summary) }), ("Arguments", command.argumentRows),
            ("Options", command.shownOptions.map(row)),
        ]
        for (title, rows) in lists where !rows.isEmpty { blocks += ["\(title):", list(rows)] }
        if !command.examples.isEmpty {
            blocks += ["Examples:", code(command.examples.map { "# \($0.note)\n\($0.line)" }.joined(separator: "\n"))]
        }
        return blocks
    }

    private static func row(_ option: OptionSpec) -> (String, String) {
        ((option.short.map { "-\($0), " } ?? "") + option.usage, option.help)
    }

    private static func list(_ rows: [(String, String)]) -> String {
        rows.map { "- `\($0.0)`: \(prose($0.1))" }.joined(separator: "\n")
    }

    private static func code(_ text: String) -> String { "```sh\n\(text)\n```" }

    /// A link to a heading. Its anchor is in lower case, with dashes for spaces.
    private static func link(_ title: String) -> String {
        "[\(title)](#\(title.lowercased().split(separator: " ").joined(separator: "-")))"
    }

    /// Escapes Markdown's special characters outside of backticks.
    static func prose(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            index % 2 == 1 ? String(part) : part.map { "\\*_<>[]|".contains($0) ? "\\\($0)" : String($0) }.joined()
        }.joined(separator: "`")
    }
}
