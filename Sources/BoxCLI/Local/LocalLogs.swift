import BoxArguments
import BoxModel
import Glibc

/// `box local logs`: what boxd writes.
struct LocalLogs: Command {
    var options: LocalServer.Options
    var follows: Bool
    var count: Int

    static let spec = CommandSpec(
        "logs", aliases: ["log"], summary: "Show what the server writes",
        options: LocalServer.options + [
            .flag("follow", short: "f", "go on with what comes, until Ctrl-C"),
            .value("lines", short: "n", "N", "how many of the last lines (default 50)", kind: .integer(minimum: 0)),
        ],
        examples: [ExampleSpec("box local logs -f", "watch it")])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        options = try LocalServer.Options(parsed)
        follows = parsed.has("follow")
        count = parsed.integer("lines") ?? 50
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let server = LocalServer(options, environment: context.world.environment)
        let path = server.logFile
        guard let bytes = try Files.read(path) else {
            throw CommandError("there is no log at \(path). has boxd been started with `box local up`?")
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isWhole = lines.last?.isEmpty ?? true
        for line in (isWhole ? lines.dropLast() : lines).suffix(count) { try write(line, context) }
        guard follows else { return .success }
        try await follow(path, from: bytes.count, context)
        return .success
    }

    private func follow(_ path: String, from start: Int, _ context: Context) async throws {
        var offset = start
        var partial: [UInt8] = []
        while true {
            try await context.world.pause(.milliseconds(200))
            try Task.checkCancellation()
            var info = stat()
            guard stat(path, &info) == 0 else { continue }
            if info.st_size < offset { (offset, partial) = (0, []) }
            guard info.st_size > offset, let added = try Files.read(path)?.dropFirst(offset) else { continue }
            offset += added.count
            partial += added
            while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
                try write(partial[..<end], context)
                partial.removeFirst(end + 1)
            }
        }
    }

    private func write(_ line: ArraySlice<UInt8>, _ context: Context) throws {
        let text = String(decoding: line, as: UTF8.self)
        try context.emitter.result(["event": "log", "line": .string(text)]) { _ in Text.clean(text) + "\n" }
    }
}
