import BoxClient
import BoxModel

/// Events as one line each, for people. Text from a box can't control the terminal.
struct ChatText {
    let style: Style
    /// The width that a line should fit, in columns.
    let width: Int
    let now: Timestamp

    /// The line of a prompt.
    func prompt(_ event: BoxEvent) -> String {
        style.bold("> " + Text.truncate(Self.firstLine(event.data?["prompt"]?.text ?? ""), to: width - 2)) + "\n"
    }

    /// The line of a finished prompt's outcome; empty for other events.
    func outcome(_ event: BoxEvent) -> String {
        guard let status = event.status, !status.isOpen else { return "" }
        let reason = Self.reason(event).map { ": \($0)" } ?? ""
        let line = Text.truncate(Text.clean(status.rawValue) + (status == .finished ? "" : reason), to: width)
        return (status == .failed ? style.red(line) : style.dim(line)) + "\n"
    }

    /// Why a prompt failed, when the server sends a reason.
    static func reason(_ event: BoxEvent) -> String? {
        for name in ["error", "errorMessage", "error_message", "reason", "message"] {
            if let text = event.data?[name]?.text, !text.isEmpty { return ServerText.sentence(firstLine(text)) }
        }
        return nil
    }

    /// One line for an event that is neither a prompt nor a response.
    func line(_ event: BoxEvent) -> String {
        switch event.kind {
        case .gitCheckpoint(let commit): checkpoint(commit)
        case .error(let notice) where event.type == "usage_limit": usageLimit(notice, event)
        case .completion, .error, .unknown, .prompt, .response: other(event)
        }
    }

    /// The line of a commit: `commit 01234567 Fix the tests, 2 files +3 -1 (main, pushed)`. A line that is too long has
    /// its message truncated.
    private func checkpoint(_ commit: GitCheckpointEvent) -> String {
        var counts: [String] = []
        if let files = commit.filesChanged { counts.append(Text.count(files, "file")) }
        if let additions = commit.additions { counts.append("+\(additions)") }
        if let deletions = commit.deletions { counts.append("-\(deletions)") }
        let location = [commit.branch, commit.pushed.map { $0 ? "pushed" : "not pushed" }].compactMap { $0 }
        var tail = counts.isEmpty ? "" : ", " + counts.joined(separator: " ")
        if !location.isEmpty { tail += " (\(location.joined(separator: ", ")))" }
        tail = Text.clean(tail)
        let head = ["commit", String((commit.commitSHA ?? "").prefix(8))].filter { !$0.isEmpty }.joined(separator: " ")
        let room = max(12, width - Text.width(head) - 1 - Text.width(tail))
        let message = Text.truncate(Self.firstLine(commit.commitMessage ?? ""), to: room)
        return style.green(Text.clean(head) + (message.isEmpty ? "" : " \(message)") + tail) + "\n"
    }

    private func usageLimit(_ notice: NoticeEvent, _ event: BoxEvent) -> String {
        var line = "usage limit"
        if let message = notice.message, !message.isEmpty {
            line += ": \(ServerText.sentence(Self.firstLine(message)))"
        }
        if let moment = Self.nextTry(event), moment > now {
            line = line.followed(by: "try again \(Text.relative(moment, to: now))")
        }
        return style.yellow(line) + "\n"
    }

    /// The latest time that a server's number may mean.
    private static let latest = 253_402_300_799_999  // The end of the year 9999, in milliseconds.

    /// When it may work again. The server sends a time, or a number of seconds after the event.
    private static func nextTry(_ event: BoxEvent) -> Timestamp? {
        for name in ["retry_after", "retryAfter", "resets_at", "resetsAt"] {
            guard let value = event.data?[name] else { continue }
            if let moment = value.string.flatMap(Timestamp.init(iso8601:)) { return moment }
            guard let number = value.int ?? value.string.flatMap({ Int($0) }), (0...latest).contains(number) else {
                continue
            }
            // Seconds since 1970 have ten digits, milliseconds thirteen.
            if number > 100_000_000_000 { return Timestamp(milliseconds: Int64(number)) }
            if number > 1_000_000_000 { return Timestamp(milliseconds: Int64(number) * 1000) }
            guard let began = event.timestamp, (0...latest).contains(began) else { return nil }
            return Timestamp(milliseconds: Int64(began) + Int64(number) * 1000)
        }
        return nil
    }

    private func other(_ event: BoxEvent) -> String {
        let text = event.data?["message"]?.text ?? event.data?["content"]?.text ?? ""
        return style.yellow(Text.truncate(Self.firstLine("\(event.type)\(text.isEmpty ? "" : ": \(text)")"), to: width))
            + "\n"
    }

    private static func firstLine(_ text: String) -> String { Text.clean(Text.firstLine(text)) }
}
