import BoxArguments

/// One verb: its declaration, its options as a value, and what it does with them.
protocol Command: Sendable, Equatable {
    static var spec: CommandSpec { get }
    /// Takes the options out of a command line that fits the declaration.
    init(_ parsed: ParsedCommand) throws(UsageError)
    /// - Returns: success, unless the command has a status of its own. Failures are thrown.
    func run(_ context: Context) async throws -> ExitStatus
}

/// The commands as people find them.
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

    /// The command under these names, the first of which is this node's own.
    func command(at path: some Collection<String>) -> (any Command.Type)? {
        guard path.first == name else { return nil }
        switch self {
        case .command(let type): return path.count == 1 ? type : nil
        case .group(_, let nodes):
            return nodes.lazy.compactMap { $0.command(at: path.dropFirst()) }.first
        }
    }
}
