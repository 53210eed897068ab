import BoxModel

/// The result of a command that has ended.
public struct CommandResult: APIAnswer {
    public let json: JSON

    /// Whether it ended with status 0 in time. Derived from ``exitCode`` when the server doesn't send it.
    public var success: Bool { json["success"]?.bool ?? (exitCode == 0 && !timedOut) }
    /// The exit code, 124 after a timeout. When a signal ended the command, it is 128 plus the signal's number, or nil
    /// from some servers.
    public var exitCode: Int? { json["exitCode"]?.int }
    /// The name of the signal that ended the command, such as `SIGKILL`.
    public var signal: String? { json["signal"]?.string }
    /// The command's standard output, as text.
    public var stdout: String { json["stdout"]?.text ?? "" }
    /// The command's standard error, as text.
    public var stderr: String { json["stderr"]?.text ?? "" }
    /// Whether bytes that aren't UTF-8 seem to have been replaced by U+FFFD. Use
    /// ``BoxClient/rawCommand(_:_:cwd:timeoutSeconds:)`` for every byte.
    public var hasReplacedBytes: Bool {
        stdout.unicodeScalars.contains("\u{FFFD}") || stderr.unicodeScalars.contains("\u{FFFD}")
    }
    /// Whether ``stdout`` is only the first part: servers keep 10 MB.
    public var stdoutIsTruncated: Bool { json["stdoutTruncated"]?.bool ?? false }
    /// Whether ``stderr`` is only the first part: servers keep 10 MB.
    public var stderrIsTruncated: Bool { json["stderrTruncated"]?.bool ?? false }
    /// Whether the command was ended at its time limit.
    public var timedOut: Bool { json["timedOut"]?.bool ?? false }
    /// The directory in which it ran.
    public var cwd: String? { json.text("cwd") }
    /// The start, by the server's clock.
    public var startedAt: Timestamp? { json.time("startedAt") }
    /// The end, by the server's clock.
    public var finishedAt: Timestamp? { json.time("finishedAt") }
}
