import BoxArguments
import BoxModel
import Glibc

/// `box local logs`: shows boxd's log.
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
        let server = LocalServer(options, environment: context.dependencies.environment)
        let path = server.logFile
        guard let bytes = try Files.readOwn(path, maximum: .max) else {
            throw CommandError("there is no log at \(path). has boxd been started with `box local up`?")
        }
        let position = Position(path: path, offset: bytes.count)
        var lines = Self.wholeLines(bytes)
        // boxd starts a new log file when the current one is too large.
        if lines.count < count, let old = try Files.readOwn(server.oldLogFile, maximum: .max) {
            lines = Self.wholeLines(old) + lines
        }
        for line in lines.suffix(count) { try write(line, context) }
        guard follows else { return .success }
        try await follow(server, from: position, context)
        return .success
    }

    private static func wholeLines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return Array(lines.last?.isEmpty ?? true ? lines.dropLast() : lines[...])
    }

    /// How far a file has been read.
    private struct Position {
        /// The file's inode; another inode means that the file was replaced.
        var file: UInt
        var size: Int
        var offset: Int

        init(path: String, offset: Int) {
            var info = stat()
            let isThere = stat(path, &info) == 0
            (file, size, self.offset) = (isThere ? UInt(info.st_ino) : 0, isThere ? Int(info.st_size) : 0, offset)
        }
    }

    private func follow(_ server: LocalServer, from start: Position, _ context: Context) async throws {
        var position = start
        var partial: [UInt8] = []
        func show(_ added: ArraySlice<UInt8>) throws {
            partial += added
            while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
                try write(partial[..<end], context)
                partial.removeFirst(end + 1)
            }
        }
        while true {
            try await context.dependencies.pause(.milliseconds(200))
            try Task.checkCancellation()
            let now = Position(path: server.logFile, offset: position.offset)
            guard now.file != 0 else { continue }
            if now.file != position.file {
                let old = try Files.readOwn(server.oldLogFile, maximum: .max) ?? []
                try show(old.dropFirst(position.offset))
                (position.file, position.offset) = (now.file, 0)
            } else if now.size < position.offset {
                (position.offset, partial) = (0, [])
            }
            guard now.size > position.offset,
                let added = try Files.readOwn(server.logFile, maximum: .max)?.dropFirst(position.offset)
            else { continue }
            position.offset += added.count
            try show(added)
        }
    }

    private func write(_ line: ArraySlice<UInt8>, _ context: Context) throws {
        let text = String(decoding: line, as: UTF8.self)
        try context.emitter.result(["event": "log", "line": .string(text)]) { _ in Text.clean(text) + "\n" }
    }
}
