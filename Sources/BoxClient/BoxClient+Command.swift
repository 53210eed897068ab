import BoxModel

/// A command that ended, or was ended.
public struct CommandResult: APIAnswer {
    public let json: JSON

    /// Whether it ended with status 0, in time; from ``exitCode`` when the server doesn't say.
    public var success: Bool { json["success"]?.bool ?? (exitCode == 0 && !timedOut) }
    /// 124 when the time was up; nil when a signal ended the command.
    public var exitCode: Int? { json["exitCode"]?.int }
    /// The name of the signal that ended the command, such as `SIGKILL`.
    public var signal: String? { json["signal"]?.string }
    /// What it wrote to standard output, as text.
    public var stdout: String { json["stdout"]?.text ?? "" }
    /// What it wrote to standard error, as text.
    public var stderr: String { json["stderr"]?.text ?? "" }
    /// Whether ``stdout`` is only the beginning: servers keep 10 MB.
    public var stdoutIsTruncated: Bool { json["stdoutTruncated"]?.bool ?? false }
    /// Whether ``stderr`` is only the beginning: servers keep 10 MB.
    public var stderrIsTruncated: Bool { json["stderrTruncated"]?.bool ?? false }
    /// Whether it was ended because its time was up.
    public var timedOut: Bool { json["timedOut"]?.bool ?? false }
    /// The folder that it ran in.
    public var cwd: String? { json.text("cwd") }
    /// By the server's clock.
    public var startedAt: Timestamp? { json.time("startedAt") }
    /// By the server's clock.
    public var finishedAt: Timestamp? { json.time("finishedAt") }
}

extension BoxClient {
    /// The server's own limit when a request gives none, in seconds.
    private static let standardCommandTimeout = 30
    /// For the way there and back, and for ending a command whose time is up.
    private static let commandGrace = Duration.seconds(30)

    /// Runs a shell line in a running box and waits for its end. `POST /boxes/{id}/commands`. Never repeated by itself;
    /// cancelling it ends the command. A status other than 0 is a result and no error.
    ///
    /// - Parameters:
    ///   - command: for `bash`, of any length, several lines too.
    ///   - cwd: a folder, relative to the work folder.
    ///   - timeoutSeconds: from 1; 30 when not given. Servers have a maximum, 600 as documented.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_timeout`, `invalid_path`, `machine_not_running` or `box_starting`.
    public func command(
        _ id: String, _ command: String, cwd: String? = nil, timeoutSeconds: Int? = nil
    ) async throws -> CommandResult {
        var body = JSONObject([("command", .string(command))])
        if let cwd { body["cwd"] = .string(cwd) }
        if let timeoutSeconds { body["timeoutSeconds"] = JSON(timeoutSeconds) }
        let limit = Duration.seconds(timeoutSeconds ?? Self.standardCommandTimeout) + Self.commandGrace
        let call = APICall(
            method: .post, path: APIPath.box(id, "commands"), body: .object(body),
            timeout: max(configuration.timeout, limit))
        let json = try await send(call)
        guard json["exitCode"] != nil || json["signal"] != nil else { throw unexpectedShape("it has no exitCode") }
        return CommandResult(json: json)
    }
}
