import BoxArguments
import BoxModel
import BoxSSH
import Glibc
import Synchronization

/// `box scp`: copies files to and from boxes.
struct Scp: Command {
    enum Way: Equatable {
        /// A box as typed by the user: an id, or `current`.
        case upload(to: String), download(from: String)
        case between(String, and: String)
    }

    var way: Way
    var sources: [String]
    var target: String
    var isRecursive: Bool
    var preservesTimes: Bool
    var resumes: Bool
    var compresses: Bool
    var isQuiet: Bool

    static let spec = CommandSpec(
        "scp", aliases: ["cp"], group: CommandSection.boxes, summary: "Copy files to or from a box",
        discussion: """
            A path in a box is written ID:PATH. Without a leading slash, or with ~/, it starts at the login directory, /home/user. Write \
            ./a:b for a file here whose name has a colon, and - for standard input or output.

            Until it is whole a file has another name, .NAME.box-part-…. When the connection is lost, a megabyte or more \
            of it stays under that name, and the same command with --resume goes on there, after hashes of both sides \
            have proved that it is the file's beginning. A file that is there already, in a directory that lets you make or \
            replace none, is written into at once.

            From box to box files go through a temporary directory here.

            The exit status is 1 when a file was not copied, and 255 when there was no connection.
            """,
        options: [
            .flag("recursive", short: "r", "copy directories with all that is in them"),
            .flag("preserve", short: "p", "keep times and modes"),
            .flag("resume", "go on with what an earlier copy left"),
            .flag("compress", short: "C", "compress on the way"),
            .flag("quiet", short: "q", "show no progress"), .sshKey,
        ],
        positionals: [
            PositionalSpec("SRC", "what to copy", arity: .oneOrMore, kind: .remotePath),
            PositionalSpec("DST", "where to: a file, or a directory", kind: .remotePath),
        ],
        examples: [
            ExampleSpec("box scp app.tar bx_8pqt6dup:/home/user/", "to a box"),
            ExampleSpec("box scp -r current:project/out ./out", "from a box, a directory"),
            ExampleSpec("box scp current:app.log - | grep error", "to standard output"),
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
        guard boxes.isEmpty || boxes.count == paths.count && Set(boxes).count == 1 else {
            throw parsed.usageError("every SRC must be in the same box")
        }
        switch (CopyOperand.parse(parsed.argument("DST") ?? ""), boxes.first) {
        case (.remote(let box, let path), nil): (way, target) = (.upload(to: box), path)
        case (.remote(let box, let path), let source?): (way, target) = (.between(source, and: box), path)
        case (.local(let path), let box?): (way, target) = (.download(from: box), path)
        case (.local, nil):
            throw parsed.usageError("neither SRC nor DST is in a box. Write a path there as ID:PATH")
        }
        sources = paths
        isRecursive = parsed.has("recursive")
        preservesTimes = parsed.has("preserve")
        resumes = parsed.has("resume")
        compresses = parsed.has("compress")
        isQuiet = parsed.has("quiet")
        try checkStreams(parsed)
    }

    private func checkStreams(_ parsed: ParsedCommand) throws(UsageError) {
        switch way {
        case .upload where sources.contains(CopyJob.stream):
            guard sources.count == 1 else { throw parsed.usageError("- can't be copied with other files") }
            guard !target.isEmpty else { throw parsed.usageError("name the file that - becomes, as ID:PATH") }
        case .download where target == CopyJob.stream:
            guard sources.count == 1 else { throw parsed.usageError("only one SRC can go to -") }
            guard !parsed.has("json") else {
                throw parsed.usageError("- and --json both need standard output. Use one")
            }
        default: return
        }
        if resumes { throw parsed.usageError("a copy with - can't be resumed") }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let result: CopyResult
        switch way {
        case .upload(let box):
            result = try await copy(.upload, sources, to: target, of: box, context)
        case .download(let box):
            result = try await copy(.download, sources, to: target, of: box, context)
        case .between(let source, let box):
            result = try await relay(from: source, to: box, context)
        }
        guard result.failures.isEmpty else { throw CommandError(Self.message(result.failures)) }
        if target != CopyJob.stream {
            let line: JSON = ["event": "copied", "files": JSON(result.files), "bytes": JSON(result.bytes)]
            try context.emitter.result(line) { _ in "" }
        }
        if !isQuiet, context.dependencies.terminal.stderrIsTerminal {
            context.emitter.notice("\(Text.count(result.files, "file")), \(Text.size(result.bytes))")
        }
        return .success
    }

    private func copy(
        _ direction: CopyJob.Direction, _ sources: [String], to target: String, of box: String, _ context: Context
    ) async throws -> CopyResult {
        let job = CopyJob(
            destination: try await context.sshDestination(ofArgument: box, connects: !compresses), direction: direction,
            sources: sources,
            target: target, isRecursive: isRecursive, preservesTimes: preservesTimes, resumes: resumes,
            compresses: compresses, isShown: !isQuiet && context.dependencies.terminal.stderrIsTerminal)
        var meter = CopyMeter()
        var moved: Int64 = 0
        do {
            return try context.dependencies.ssh.copy(job) { step in
                moved = step.bytes
                if !isQuiet { context.emitter.statusLine.show(meter.text(step)) }
            }
        } catch let error as SSHError where error.kind == .connectionLost && moved >= CopyJob.resumable {
            throw SSHError(.connectionLost, "\(error.message); go on where it was cut with --resume")
        }
    }

    /// Copies from box to box through a local directory per source, because two sources can have the same name.
    private func relay(from source: String, to box: String, _ context: Context) async throws -> CopyResult {
        let directory = try TemporaryDirectory(environment: context.dependencies.environment)
        defer { directory.remove() }
        var down = CopyResult(files: 0, bytes: 0)
        var paths: [String] = []
        for (number, path) in sources.enumerated() {
            let place = "\(directory.path)/\(number)"
            try Files.makeDirectory(place)
            let result = try await copy(.download, [path], to: place, of: source, context)
            down.failures += result.failures
            let isContents = CopyOperand.namesContents(path)
            paths += isContents ? [place + "/."] : Files.names(in: place).sorted().map { "\(place)/\($0)" }
        }
        guard !paths.isEmpty else { return down }
        var up = try await copy(.upload, paths, to: target, of: box, context)
        up.failures = down.failures + up.failures
        return up
    }

    private static func message(_ failures: [String]) -> String {
        failures.count == 1
            ? failures[0] : "\(failures.count) files were not copied:\n" + failures.joined(separator: "\n")
    }
}
