import BoxArguments
import BoxClient
import BoxModel

/// `box cat`: shows a file of a box.
struct Cat: Command {
    var id: String
    var path: String
    /// The encoding of the contents in JSON mode.
    var encoding: FileEncoding

    static let spec = CommandSpec(
        "cat", aliases: ["read"], group: CommandSection.files, summary: "Show a file of a box",
        discussion: """
            The bytes are written as they are. For files up to some tens of megabytes; `box artifact` and `box scp` take \
            larger ones.

            With --json it writes the server's object, whose content is text or, with --encoding base64, every byte.
            """,
        options: [
            .value(
                "encoding", "ENCODING", "with --json: how content is written, utf8 (default) or base64",
                kind: .choice(FileEncoding.allCases.map(\.rawValue)))
        ],
        positionals: [.box, .remotePath],
        examples: [
            ExampleSpec("box cat bx_8pqt6dup app/package.json", "a file of the login directory"),
            ExampleSpec("box cat current /tmp/report.bin > report.bin", "every byte of it"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        path = parsed.argument("PATH") ?? ""
        if parsed.has("encoding"), !parsed.has("json") {
            throw parsed.usageError("--encoding is for --json. Without that the bytes are written as they are")
        }
        encoding = parsed.value("encoding").flatMap(FileEncoding.init(rawValue:)) ?? .utf8
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let id = try context.boxID(id)
        let encoding = context.emitter.mode == .json ? encoding : .base64
        let file = try await context.onRunningBox(id, client) {
            try await client.readFile(id, path: path, encoding: encoding)
        }
        switch context.emitter.mode {
        case .json: try context.emitter.result(.object(BoxView.withoutEnvelope(file.json))) { _ in "" }
        case .human: try context.emitter.raw(file.bytes)
        }
        return .success
    }
}
