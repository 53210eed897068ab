import BoxArguments
import BoxModel
import BoxSSH

/// `box scp`: copies files to and from a box.
struct Scp: Command {
    /// As it was typed: an id, or `current`.
    var box: String
    var direction: CopyJob.Direction
    var sources: [String]
    var target: String
    var isRecursive: Bool
    var preservesTimes: Bool
    var isQuiet: Bool

    static let spec = CommandSpec(
        "scp", aliases: ["cp"], group: CommandTable.boxes, summary: "Copy files to or from a box",
        discussion: """
            A path in a box is written ID:PATH. Without a leading slash it starts at the login folder, /home/user. Write \
            ./a:b for a file here whose name has a colon.

            The exit status is 1 when a file was not copied, and 255 when there was no connection.
            """,
        options: [
            .flag("recursive", short: "r", "copy folders with all that is in them"),
            .flag("preserve", short: "p", "keep times and modes"),
            .flag("quiet", short: "q", "show no progress"),
        ],
        positionals: [
            PositionalSpec("SRC", "what to copy", arity: .oneOrMore, kind: .remotePath),
            PositionalSpec("DST", "where to: a file, or a folder", kind: .remotePath),
        ],
        examples: [
            ExampleSpec("box scp app.tar bx_8pqt6dup:/home/user/", "to a box"),
            ExampleSpec("box scp -r current:project/out ./out", "from a box, a folder"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        let operands = parsed.arguments("SRC").map(CopyOperand.parse)
        var boxes: [String] = [], paths: [String] = []
        for operand in operands {
            switch operand {
            case .local(let path): paths.append(path)
            case .remote(let box, let path):
                paths.append(path)
                boxes.append(box)
            }
        }
        switch CopyOperand.parse(parsed.argument("DST") ?? "") {
        case .remote(let box, let path):
            guard boxes.isEmpty else { throw parsed.usageError("can't copy from box to box. Copy to here first") }
            (self.box, direction, target) = (box, .upload, path)
        case .local(let path):
            guard let box = boxes.first else {
                throw parsed.usageError("neither SRC nor DST is in a box. Write a path there as ID:PATH")
            }
            guard boxes.count == paths.count, Set(boxes).count == 1 else {
                throw parsed.usageError("every SRC must be in the same box")
            }
            (self.box, direction, target) = (box, .download, path)
        }
        sources = paths
        isRecursive = parsed.has("recursive")
        preservesTimes = parsed.has("preserve")
        isQuiet = parsed.has("quiet")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let job = CopyJob(
            destination: try await context.sshDestination(ofArgument: box), direction: direction,
            sources: sources, target: target, isRecursive: isRecursive, preservesTimes: preservesTimes)
        let result = try context.world.ssh.copy(job) { [emitter = context.emitter, isQuiet] step in
            if !isQuiet { emitter.statusLine.show(Self.text(step)) }
        }
        guard result.failures.isEmpty else { throw CommandError(Self.message(result.failures)) }
        try context.emitter.result(["event": "copied", "files": JSON(result.files), "bytes": JSON(result.bytes)]) { _ in
            ""
        }
        if !isQuiet, context.world.terminal.stderrIsTerminal {
            context.emitter.notice("\(Text.count(result.files, "file")), \(Text.size(result.bytes))")
        }
        return .success
    }

    /// `a.tar: 1.2 MB of 5.0 MB (24%)`, of the file at work.
    static func text(_ step: CopyStep) -> String {
        let done = "\(Text.clean(step.file)): \(Text.size(step.bytes))"
        guard step.size > 0, step.bytes <= step.size else { return done }
        return "\(done) of \(Text.size(step.size)) (\(Int(Double(step.bytes) / Double(step.size) * 100))%)"
    }

    private static func message(_ failures: [String]) -> String {
        failures.count == 1
            ? failures[0] : "\(failures.count) files were not copied:\n" + failures.joined(separator: "\n")
    }
}
