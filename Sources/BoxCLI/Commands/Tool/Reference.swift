import BoxArguments

/// `box __reference`: prints the manual, generated from the commands' declarations.
struct Reference: Command {
    enum Format: String, CaseIterable { case man, markdown }

    var format: Format

    static let spec = CommandSpec(
        "__reference", group: CommandSection.program, summary: "Print the manual",
        options: [
            .value("format", "FORMAT", "man or markdown", kind: .choice(Format.allCases.map(\.rawValue)))
        ], isHidden: true)

    init(_ parsed: ParsedCommand) throws(UsageError) {
        format = parsed.value("format").flatMap(Format.init(rawValue:)) ?? .man
    }

    func run(_ context: Context) async throws -> ExitStatus {
        try context.emitter.text(Self.text(format, of: context.commands.spec))
        return .success
    }

    static func text(_ format: Format, of root: CommandSpec) -> String {
        switch format {
        case .man: ManPage(root: root, manual: .box).text
        case .markdown: MarkdownReference(root: root, manual: .box).text
        }
    }
}
