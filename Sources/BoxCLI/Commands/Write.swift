import BoxArguments
import BoxClient
import BoxModel

/// `box write`: writes a file of a box.
struct Write: Command {
    var id: String
    var path: String
    /// Nil for standard input.
    var source: String?

    static let spec = CommandSpec(
        "write", group: CommandTable.files, summary: "Write a file of a box",
        discussion: """
            The contents come from standard input or a file here, and replace what the file had. Missing folders are \
            made. For files up to 64 MiB; `box scp` takes larger ones.
            """,
        options: [.value("from", "FILE", "take the contents from this file here", kind: .file)],
        positionals: [.box, .remotePath],
        examples: [
            ExampleSpec("box write bx_8pqt6dup notes/todo.txt < todo.txt", "from standard input"),
            ExampleSpec("box write current app/logo.png --from logo.png", "from a file"),
        ])

    private static let maximumSize = 64 << 20

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        path = parsed.argument("PATH") ?? ""
        source = parsed.value("from")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let id = try context.boxID(id)
        let bytes = try context.readInput(source, maximum: Self.maximumSize, advice: "copy larger files with `box scp`")
        context.emitter.statusLine.show("writing \(Text.clean(path))")
        let written = try await context.onRunningBox(id, client) {
            try await client.writeFile(id, path: path, bytes: bytes)
        }
        try context.emitter.result(.object(BoxView.withoutEnvelope(written.json))) { style in
            let size = Text.size(Int64(written.size ?? bytes.count))
            return "\(style.bold(Text.clean(written.path.isEmpty ? path : written.path))) is written, \(size)\n"
        }
        return .success
    }
}
