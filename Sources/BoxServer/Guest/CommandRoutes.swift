import BoxControl
import BoxEngine
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `POST /boxes/{id}/commands`: runs a command in a box and returns its result.
struct CommandRoutes {
    let guests: GuestService

    /// In seconds.
    static let standardTimeout = 30
    static let longestTimeout = 600
    /// In bytes, of standard output and of standard error.
    static let outputLimit = 10_000_000
    /// In bytes, of the request's body.
    static let maximumBodySize = 8 << 20

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/commands", [.post: run])
    }

    @Sendable private func run(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let (id, account) = (try context.boxID(), try context.requireAccount())
        // Checked before the body is read, which can be large.
        _ = try await guests.requireRunning(id, account)
        let body = try JSONBody(await context.bytes(of: request, limit: Self.maximumBodySize))
        let command = try Self.command(body)
        let outcome = try await request.whileConnected { try await guests.run(command, in: id, account) }
        var response = Response.success("command.finished", Self.members(outcome))
        response.headers[.connection] = "close"
        return response
    }

    private static func command(_ body: JSONBody) throws -> MachineCommand {
        guard let script = try body.string("command"), !script.isEmpty else {
            throw APIError(.commandRequired, "command is missing: send the shell line to run")
        }
        guard !script.utf8.contains(0) else {
            throw APIError(.invalidRequest, "command has a NUL byte, which no shell takes")
        }
        return MachineCommand(
            script: script, workingDirectory: try body.string("cwd", code: .invalidPath),
            timeout: try body.integer("timeoutSeconds", 1...longestTimeout, code: .invalidTimeout) ?? standardTimeout,
            outputLimit: outputLimit)
    }

    private static func members(_ outcome: CommandOutcome) -> JSONObject {
        [
            "success": .bool(outcome.exitCode == 0), "exitCode": JSON(outcome.exitCode), "signal": JSON(outcome.signal),
            "stdout": .string(String(decoding: outcome.stdout, as: UTF8.self)),
            "stderr": .string(String(decoding: outcome.stderr, as: UTF8.self)),
            "stdoutTruncated": .bool(outcome.stdoutIsTruncated), "stderrTruncated": .bool(outcome.stderrIsTruncated),
            "timedOut": .bool(outcome.timedOut), "cwd": .string(outcome.workingDirectory),
            "startedAt": JSON(outcome.startedAt), "finishedAt": JSON(outcome.finishedAt),
        ]
    }
}
