import BoxModel

extension BoxClient {
    /// The server's default time limit of a command, in seconds.
    private static let standardCommandTimeout = 30
    /// Extra time for the network, and for ending a command at its time limit.
    private static let commandGrace = Duration.seconds(30)

    /// Runs a shell line in a running box and waits for its end. `POST /boxes/{id}/commands`.
    ///
    /// It is never repeated automatically. Cancelling the task ends the command. A status other than 0 is a result and
    /// not an error.
    ///
    /// - Parameters:
    ///   - command: for `bash`, of any length, also several lines.
    ///   - cwd: a directory, relative to the work directory.
    ///   - timeoutSeconds: at least 1; 30 by default. Servers have a maximum, documented as 600.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_timeout`, `invalid_path`, `machine_not_running` or `box_starting`.
    public func command(
        _ id: String, _ command: String, cwd: String? = nil, timeoutSeconds: Int? = nil
    ) async throws -> CommandResult {
        var body = JSONObject([("command", .string(command))])
        if let cwd { body["cwd"] = .string(HomePath.relative(cwd)) }
        if let timeoutSeconds { body["timeoutSeconds"] = JSON(timeoutSeconds) }
        let limit = Duration.seconds(timeoutSeconds ?? Self.standardCommandTimeout) + Self.commandGrace
        let call = APICall(
            method: .post, path: APIPath.box(id, "commands"), body: .object(body),
            timeout: max(configuration.timeout, limit), waitsWhenBusy: true)
        let json = try await send(call)
        guard json["exitCode"] != nil || json["signal"] != nil else { throw unexpectedShape("it has no exitCode") }
        return CommandResult(json: json)
    }
}
