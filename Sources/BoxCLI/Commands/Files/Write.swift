import BoxArguments
import BoxClient
import BoxModel

/// `box write`: writes a file of a box.
struct Write: Command {
    var id: String
    var path: String
    /// Nil reads standard input.
    var source: String?

    static let spec = CommandSpec(
        "write", group: CommandSection.files, summary: "Write a file of a box",
        discussion: """
            The contents come from standard input or a file here, and replace what the file had. Missing directories are \
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
        let (written, size) = try await write(id, client, context)
        try context.emitter.result(.object(BoxView.withoutEnvelope(written.json))) { style in
            let size = Text.size(written.size.map { Int64($0) } ?? size)
            return "\(style.bold(Text.clean(written.path.isEmpty ? path : written.path))) is written, \(size)\n"
        }
        return .success
    }

    /// Writes the file. A regular file is streamed, anything else is read into memory first.
    ///
    /// - Returns: the written file, and the size in bytes that was sent.
    private func write(
        _ id: String, _ client: BoxClient, _ context: Context
    ) async throws -> (WrittenFile, size: Int64) {
        let advice = "copy larger files with `box scp`"
        let note = "writing \(Text.clean(path))"
        if let file = try context.regularInput(source, maximum: Self.maximumSize, advice: advice) {
            context.emitter.statusLine.show(note)
            let written = try await context.onRunningBox(id, client) {
                try await client.writeFile(id, path: path, file: file)
            }
            return (written, file.size)
        }
        let bytes = try context.readInput(source, maximum: Self.maximumSize, advice: advice)
        context.emitter.statusLine.show(note)
        let written = try await context.onRunningBox(id, client) {
            try await client.writeFile(id, path: path, bytes: bytes)
        }
        return (written, Int64(bytes.count))
    }
}
