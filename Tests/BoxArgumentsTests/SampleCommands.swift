import BoxArguments

/// A small program with one of each kind of declaration.
enum Sample {
    static let root = CommandSpec(
        "tool", summary: "A tool to test with",
        options: [
            .flag("json", "write JSON"), .value("api-url", "URL", "the server"),
            .flag("verbose", short: "v", "tell more"), .flag("quiet-please", "hidden", isHidden: true),
            .flag("help", short: "h", "explain the command"), .flag("version", "tell the version"),
        ],
        subcommands: [new, list, rename, copy, run, local, CommandSpec("version", summary: "Tell the version")])

    static let new = CommandSpec(
        "new", aliases: ["create"], group: "Things", summary: "Make a thing",
        discussion:
            "The first paragraph, which is long enough that it has to be broken somewhere near its end.\n\nThe second.",
        options: [
            .value("ttl", "SECONDS", "how long", kind: .integer(minimum: 1, unit: "seconds")),
            .flag("no-auto-stop", "for ever"),
            .value("type", short: "t", "TYPE", "how large", kind: .choice(["small", "default", "large"])),
            .value("env", short: "e", "NAME=VALUE", "a variable; can be repeated", kind: .pair, repeats: true),
            .value("port", "PORT", "where", kind: .integer(minimum: 1, maximum: 65535)),
            .value("key", "FILE", "hidden", kind: .file, isHidden: true),
        ],
        exclusive: [["ttl", "no-auto-stop"]], examples: [ExampleSpec("tool new --ttl 60", "for a minute")])

    static let list = CommandSpec(
        "list", aliases: ["ls"], group: "Things", summary: "List things",
        options: [.value("state", "STATES", "which", kind: .list(["ready", "stopped"]))])

    static let rename = CommandSpec(
        "rename", group: "Things", summary: "Rename a thing",
        positionals: [
            PositionalSpec("ID", "the thing", kind: .boxID), PositionalSpec("NAME", "its name", arity: .optional),
        ])

    static let copy = CommandSpec(
        "copy", group: "Things", summary: "Copy files",
        options: [.flag("recursive", short: "r", "directories too"), .flag("preserve", short: "p", "times too")],
        positionals: [
            PositionalSpec("SRC", "what", arity: .oneOrMore, kind: .remotePath),
            PositionalSpec("DST", "where to", kind: .remotePath),
        ])

    static let run = CommandSpec(
        "run", group: "Things", summary: "Run a command", options: [.flag("tty", short: "t", "with a terminal")],
        positionals: [PositionalSpec("ID", "the thing", kind: .boxID)], trailing: TrailingSpec("WORD", "the command"))

    static let local = CommandSpec(
        "local", group: "Server", summary: "The server here",
        subcommands: [
            CommandSpec("up", summary: "Start it", options: [.flag("force", short: "f", "now")]),
            CommandSpec("down", summary: "Stop it"), CommandSpec("secret", summary: "Hidden", isHidden: true),
        ])

    static func parse(_ line: String...) throws -> ParsedCommand {
        guard case .run(let parsed) = try CommandParser(root: root).parse(line) else { throw NotACommand() }
        return parsed
    }

    struct NotACommand: Error {}

    /// The exact text of a command line's error; nil when there is none.
    static func error(_ line: String...) -> String? {
        do {
            _ = try CommandParser(root: root).parse(line)
            return nil
        } catch {
            return error.description
        }
    }
}
