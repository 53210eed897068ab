import BoxClient
import BoxModel

/// Events as people read them. Nothing that a box sends can drive the terminal.
enum ChatText {
    /// Lines for an event that isn't a response; empty for what people needn't see.
    static func block(_ event: BoxEvent, style: Style) -> String {
        let data = event.data
        switch event.type {
        case "prompt": return prompt(event, style)
        case "git_checkpoint":
            let commit = String((data?["commitSha"]?.string ?? data?["commit_sha"]?.string ?? "").prefix(8))
            let message = data?["commitMessage"]?.string ?? data?["commit_message"]?.string ?? ""
            let changes = [("additions", "+"), ("deletions", "-")].compactMap { name, sign in
                data?[name]?.int.map { "\(sign)\($0)" }
            }
            let line = ["commit", commit, firstLine(message)] + changes
            return style.green(clean(line.filter { !$0.isEmpty }.joined(separator: " "))) + "\n"
        default:
            let text = data?["message"]?.string ?? data?["content"]?.string ?? ""
            return style.yellow(clean(firstLine(text.isEmpty ? event.type : "\(event.type): \(text)"))) + "\n"
        }
    }

    /// The text once, and then only how the prompt ended.
    private static func prompt(_ event: BoxEvent, _ style: Style) -> String {
        let text = clean(firstLine(event.data?["prompt"]?.string ?? ""))
        switch event.status {
        case .failed?: return style.red("failed: \(reason(event) ?? text)") + "\n"
        case .queued?, .sending?: return style.bold("> \(text)") + "\n"
        case .running?: return ""
        default: return style.dim("\(clean(event.status?.rawValue ?? "prompt")): \(text)") + "\n"
        }
    }

    /// Why a prompt failed, where the server says.
    static func reason(_ event: BoxEvent) -> String? {
        for name in ["error", "errorMessage", "error_message", "reason", "message"] {
            if let text = event.data?[name]?.string, !text.isEmpty { return clean(firstLine(text)) }
        }
        return nil
    }

    /// One line for each tool that a response used.
    static func tools(_ event: BoxEvent, style: Style) -> String {
        (event.data?["tools"]?.array ?? []).map { tool in
            let name = tool["use"]?["name"]?.string ?? "tool"
            let failed = tool["result"]?["is_error"]?.bool == true
            let mark = failed ? style.red("x") : style.cyan("*")
            return "\(mark) \(clean(name)) \(style.dim(clean(firstLine(subject(tool["use"]?["input"])))))\n"
        }.joined()
    }

    /// What a tool works on: the member that says most, else everything in one line.
    private static func subject(_ input: JSON?) -> String {
        for name in ["command", "file_path", "path", "pattern", "query", "url", "description"] {
            if let text = input?[name]?.string { return text }
        }
        return input.map { String($0.compact.prefix(200)) } ?? ""
    }

    private static func firstLine(_ text: String) -> String {
        let line = text.split(separator: "\n", omittingEmptySubsequences: true).first.map(String.init) ?? ""
        return line.count < text.count ? Text.truncate(line, to: 118) + " …" : Text.truncate(line, to: 120)
    }

    private static func clean(_ text: String) -> String { Text.clean(text) }
}
