import BoxArguments
import BoxModel

/// `box version`: prints the version.
struct Version: Command {
    static let spec = CommandSpec(
        "version", group: CommandSection.program, summary: "Tell the version of this program")

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        try context.emitter.result(["version": .string(ProductVersion.current)]) { _ in
            "box \(ProductVersion.current)\n"
        }
        return .success
    }
}
