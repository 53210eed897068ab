import BoxModel

/// A command that ended, or was ended.
public struct CommandResult: APIAnswer {
    public let json: JSON

    /// Whether it ended with status 0, in time; from ``exitCode`` when the server doesn't say.
    public var success: Bool { json["success"]?.bool ?? (exitCode == 0 && !timedOut) }
    /// 124 when the time was up; 128 and the signal's number, or nil from some servers, when a signal ended the command.
    public var exitCode: Int? { json["exitCode"]?.int }
    /// The name of the signal that ended the command, such as `SIGKILL`.
    public var signal: String? { json["signal"]?.string }
    /// What it wrote to standard output, as text.
    public var stdout: String { json["stdout"]?.text ?? "" }
    /// What it wrote to standard error, as text.
    public var stderr: String { json["stderr"]?.text ?? "" }
    /// Whether bytes of it that are no UTF-8 were replaced by U+FFFD, as far as that can be told. See
    /// ``BoxClient/rawCommand(_:_:cwd:timeoutSeconds:)`` for every byte.
    public var hasReplacedBytes: Bool {
        stdout.unicodeScalars.contains("\u{FFFD}") || stderr.unicodeScalars.contains("\u{FFFD}")
    }
    /// Whether ``stdout`` is only the beginning: servers keep 10 MB.
    public var stdoutIsTruncated: Bool { json["stdoutTruncated"]?.bool ?? false }
    /// Whether ``stderr`` is only the beginning: servers keep 10 MB.
    public var stderrIsTruncated: Bool { json["stderrTruncated"]?.bool ?? false }
    /// Whether it was ended because its time was up.
    public var timedOut: Bool { json["timedOut"]?.bool ?? false }
    /// The directory that it ran in.
    public var cwd: String? { json.text("cwd") }
    /// By the server's clock.
    public var startedAt: Timestamp? { json.time("startedAt") }
    /// By the server's clock.
    public var finishedAt: Timestamp? { json.time("finishedAt") }
}
