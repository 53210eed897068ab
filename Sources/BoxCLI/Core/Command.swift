import BoxArguments

/// One command: its declaration, its options as a value, and its run.
protocol Command: Sendable, Equatable {
    static var spec: CommandSpec { get }
    /// Reads the options from a command line that matches the declaration.
    init(_ parsed: ParsedCommand) throws(UsageError)
    /// - Returns: success, unless the command has another exit status. Failures are thrown.
    func run(_ context: Context) async throws -> ExitStatus
}

/// The tree of commands and groups.
enum CommandNode: Sendable {
    case command(any Command.Type)
    case group(CommandSpec, [CommandNode])

    var spec: CommandSpec {
        switch self {
        case .command(let type): return type.spec
        case .group(var spec, let nodes):
            spec.subcommands = nodes.map(\.spec)
            return spec
        }
    }

    private var name: String {
        switch self {
        case .command(let type): type.spec.name
        case .group(let spec, _): spec.name
        }
    }

    /// The command at a path of names, the first of which is this node's name.
    func command(at path: some Collection<String>) -> (any Command.Type)? {
        guard path.first == name else { return nil }
        switch self {
        case .command(let type): return path.count == 1 ? type : nil
        case .group(_, let nodes):
            return nodes.lazy.compactMap { $0.command(at: path.dropFirst()) }.first
        }
    }
}
