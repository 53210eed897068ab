import BoxArguments
import BoxClient
import BoxModel

/// `box artifact`: downloads a file of a box.
struct Artifact: Command {
    var id: String
    var path: String
    /// Nil writes to standard output, but refuses to write binary data to a terminal. `-` always writes to standard
    /// output.
    var output: String?

    static let spec = CommandSpec(
        "artifact", aliases: ["download"], group: CommandSection.files,
        summary: "Download a file of a box, of any size",
        discussion: """
            It goes to standard output, or with -o to a file here, which is replaced when all of it has arrived. With \
            --json, which needs -o, it writes the file's path here and its size in bytes.
            """,
        options: [.value("output", short: "o", "FILE", "write to this file; - is standard output", kind: .file)],
        positionals: [.box, .remotePath],
        examples: [
            ExampleSpec("box artifact bx_8pqt6dup build/app.tar.gz -o app.tar.gz", "to a file"),
            ExampleSpec("box artifact current out.tar | tar x", "to a program"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        path = parsed.argument("PATH") ?? ""
        output = parsed.value("output")
        if output?.isEmpty == true { throw parsed.usageError("--output is empty. Name a file") }
        if parsed.has("json"), output == nil || output == "-" {
            throw parsed.usageError("with --json standard output is for JSON. Name a file with -o FILE")
        }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let id = try context.boxID(id)
        if let output, output != "-" {
            try await download(id, to: output, client, context)
        } else {
            let checks = output == nil && context.dependencies.terminal.stdoutIsTerminal
            try await context.onRunningBox(id, client) {
                try await client.artifact(id, path: path) { [emitter = context.emitter] bytes in
                    if checks, bytes.contains(0) { throw Self.isBinary }
                    try emitter.raw(bytes)
                }
            }
        }
        return .success
    }

    private static let isBinary = CommandError(
        "the file is binary and could disturb the terminal. use -o FILE, or -o - to write it nevertheless")

    private func download(_ id: String, to output: String, _ client: BoxClient, _ context: Context) async throws {
        let size = try await context.onRunningBox(id, client) {
            try await client.downloadArtifact(id, path: path, to: output) {
                [statusLine = context.emitter.statusLine] size in
                statusLine.show("downloading \(Text.clean(output)): \(Text.size(size))")
            }
        }
        try context.emitter.result(["path": .string(output), "size": JSON(size)]) { style in
            "\(style.bold(Text.clean(output))) is downloaded, \(Text.size(size))\n"
        }
    }
}
