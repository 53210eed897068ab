import BoxArguments
import BoxClient
import BoxModel
import BoxSSH

/// `box exec`: runs a command in a box over the API, for a limited time.
struct Exec: Command {
    var id: String
    /// A line for the shell there.
    var line: String
    var cwd: String?
    /// In seconds; nil for the server's own limit.
    var timeout: Int?

    static let spec = CommandSpec(
        "exec", aliases: ["run"], group: CommandTable.files, summary: "Run a command in a box, without SSH",
        discussion: """
            One WORD is a line for the shell there; several keep their boundaries. From the first WORD or -- on, nothing \
            is an option of ours. It has no standard input. Output is shown when the command has ended, and its exit \
            status is ours: 124 when its time was up, 255 when it could not be run. Use `box ssh` for what is longer or \
            asks for something.

            With --json it writes the server's object and exits with 0 whatever exitCode says.
            """,
        options: [
            .value("cwd", "DIR", "the folder to start in, relative to /home/user", kind: .file),
            .value(
                "timeout", "SECONDS", "end the command after so many seconds (default 30)",
                kind: .integer(minimum: 1, maximum: 600, unit: "seconds")),
        ],
        positionals: [.box], trailing: TrailingSpec("WORD", "the command to run there"),
        examples: [
            ExampleSpec("box exec bx_8pqt6dup \"npm test 2>&1 | tail\"", "a line for the shell there"),
            ExampleSpec("box exec --cwd app --timeout 300 current -- npm ci", "words, in a folder"),
            ExampleSpec("box --json exec current uptime | jq -r .stdout", "for a script"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        id = parsed.argument("ID") ?? ""
        guard let line = RemoteCommand.line(words: parsed.trailing), !line.isEmpty else {
            throw parsed.usageError("missing the command to run: box exec ID WORD...")
        }
        self.line = line
        cwd = parsed.value("cwd")
        timeout = parsed.integer("timeout")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let result = try await context.unconnectedOnFailure {
            let client = try context.client()
            let id = try context.boxID(id)
            context.emitter.statusLine.show("running the command in \(id)")
            return try await context.onRunningBox(id, client) {
                try await client.command(id, line, cwd: cwd, timeoutSeconds: timeout)
            }
        }
        guard context.emitter.mode == .human else {
            try context.emitter.result(.object(BoxView.withoutEnvelope(result.json))) { _ in "" }
            return .success
        }
        try context.emitter.raw(Array(result.stdout.utf8))
        context.emitter.rawError(Array(result.stderr.utf8))
        for (name, isCut) in [("output", result.stdoutIsTruncated), ("error output", result.stderrIsTruncated)]
        where isCut {
            context.emitter.notice("the command's \(name) was cut: there was too much of it")
        }
        if result.timedOut {
            let limit = timeout.map { " of \(Text.duration($0))" } ?? ""
            context.emitter.notice("the command's time\(limit) was up. give it more with --timeout, or use `box ssh`")
        }
        return Self.status(of: result)
    }

    private static func status(of result: CommandResult) -> ExitStatus {
        if result.timedOut { return ExitStatus(rawValue: 124) }
        guard let code = result.exitCode else { return ExitStatus(signal: result.signal ?? "") }
        // The system keeps eight bits of a status, of which a failure must not be made a success.
        let kept = Int32(truncatingIfNeeded: code & 0xFF)
        return ExitStatus(rawValue: kept == 0 && code != 0 ? 1 : kept)
    }
}
