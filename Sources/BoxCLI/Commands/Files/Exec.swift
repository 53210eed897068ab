import BoxArguments
import BoxClient
import BoxModel
import BoxSSH

/// `box exec`: runs a command in a box over the API, for a limited time.
struct Exec: Command {
    var id: String
    /// The line for the shell in the box.
    var line: String
    var cwd: String?
    /// In seconds; nil for the server's default.
    var timeout: Int?
    /// Whether to output every byte of the command's output unchanged.
    var isRaw: Bool

    static let spec = CommandSpec(
        "exec", aliases: ["run"], group: CommandSection.files, summary: "Run a command in a box, without SSH",
        discussion: """
            One WORD is a line for the shell there; several keep their boundaries. From the first WORD or -- on, nothing \
            is an option of ours. It has no standard input. Output is shown when the command has ended, and its exit \
            status is ours: 124 when its time was up, 255 when it could not be run. Use `box ssh` for what is longer or \
            asks for something.

            The API carries text in UTF-8; a notice says when other bytes were replaced. With --raw every byte arrives, up to \
            7 MB of each stream: a small program there, in python3, writes them in base64.

            With --json it writes the server's object and exits with 0 whatever exitCode says. With --raw its stdout and \
            stderr are base64 and encoding is "base64"; without, hasReplacedBytes is true where bytes were replaced.
            """,
        options: [
            .value("cwd", "DIR", "the directory to start in, relative to /home/user, which ~ means too", kind: .file),
            .value(
                "timeout", "SECONDS", "end the command after so many seconds (default 30)",
                kind: .integer(minimum: 1, maximum: 600, unit: "seconds")),
            .flag("raw", "write every byte, also of output that isn't text"),
        ],
        positionals: [.box], trailing: TrailingSpec("WORD", "the command to run there"),
        examples: [
            ExampleSpec("box exec bx_8pqt6dup \"npm test 2>&1 | tail\"", "a line for the shell there"),
            ExampleSpec("box exec --cwd app --timeout 300 current -- npm ci", "words, in a directory"),
            ExampleSpec("box exec --raw current \"tar c app\" | tar t", "bytes"),
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
        isRaw = parsed.has("raw")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let (result, output) = try await context.unconnectedOnFailure { try await execute(context) }
        guard context.emitter.mode == .human else {
            try context.emitter.result(Self.json(result, output)) { _ in "" }
            return .success
        }
        try context.emitter.raw(output?.stdout ?? Array(result.stdout.utf8))
        context.emitter.rawError(output?.stderr ?? Array(result.stderr.utf8))
        if output == nil, result.hasReplacedBytes {
            context.emitter.notice(
                "the output has bytes that aren't UTF-8, and they were replaced. --raw writes every byte")
        }
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

    /// - Returns: the result, and the bytes when they were requested.
    private func execute(_ context: Context) async throws -> (CommandResult, RawOutput?) {
        let client = try context.client()
        let id = try context.boxID(id)
        context.emitter.statusLine.show("running the command in \(id)")
        return try await context.onRunningBox(id, client) {
            guard isRaw else {
                return (try await client.command(id, line, cwd: cwd, timeoutSeconds: timeout), nil)
            }
            let raw = try await client.rawCommand(id, line, cwd: cwd, timeoutSeconds: timeout)
            return (raw.result, raw)
        }
    }

    private static func json(_ result: CommandResult, _ output: RawOutput?) -> JSON {
        var object = BoxView.withoutEnvelope(result.json)
        if let output {
            object["stdout"] = .string(Base64.encode(output.stdout))
            object["stderr"] = .string(Base64.encode(output.stderr))
            object["encoding"] = .string(FileEncoding.base64.rawValue)
        } else if result.hasReplacedBytes {
            object["hasReplacedBytes"] = true
        }
        return .object(object)
    }

    private static func status(of result: CommandResult) -> ExitStatus {
        if result.timedOut { return ExitStatus(rawValue: 124) }
        guard let code = result.exitCode else { return ExitStatus(signal: result.signal ?? "") }
        // The system keeps eight bits of a status, so 256 would become a success.
        let kept = Int32(truncatingIfNeeded: code & 0xFF)
        return ExitStatus(rawValue: kept == 0 && code != 0 ? 1 : kept)
    }
}
