import BoxArguments
import BoxModel

/// `box self-update`: shows how this build is updated. It changes nothing and sends no request.
struct SelfUpdate: Command {
    static let spec = CommandSpec(
        "self-update", group: CommandSection.program, summary: "Tell how to update this program",
        discussion: "This program was built from source, so nothing is downloaded: it says what to run.")

    private static let message =
        "built from source. update it in its clone with `git pull`, then `make release install`"

    init(_ parsed: ParsedCommand) throws(UsageError) {}

    func run(_ context: Context) async throws -> ExitStatus {
        let json: JSON = [
            "version": .string(ProductVersion.current), "updated": false, "message": .string(Self.message),
        ]
        try context.emitter.result(json) { _ in "box \(ProductVersion.current) was \(Self.message)\n" }
        return .success
    }
}
