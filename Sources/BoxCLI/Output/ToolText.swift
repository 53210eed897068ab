import BoxClient
import BoxModel

/// Formats an agent's tools for people. Text from a box can't control the terminal.
enum ToolText {
    /// A running tool's status, such as `Bash: npm test`.
    static func status(_ use: ToolUse?) -> String {
        let subject = Self.subject(use)
        return subject.isEmpty ? name(use) : "\(name(use)): \(subject)"
    }

    /// The line of a finished tool: a mark, its name, its subject and, after a failure, the first line of its output.
    static func line(_ use: ToolUse?, _ result: ToolResult?, style: Style, width: Int) -> String {
        let name = Self.name(use)
        let room = max(20, width - Text.width(name) - 3)
        let failure = result.map { $0.isError ? firstLine(of: $0) : "" } ?? ""
        // A failure may use half of the line.
        let rest = failure.isEmpty ? room : max(room - Text.width(failure) - 2, room / 2)
        let subject = Text.truncate(Self.subject(use), to: rest)
        var line = "\(mark(result, style)) \(name)"
        if !subject.isEmpty { line += " \(style.dim(subject))" }
        if !failure.isEmpty { line += ": \(style.red(Text.truncate(failure, to: room - Text.width(subject) - 2)))" }
        return line + "\n"
    }

    private static func mark(_ result: ToolResult?, _ style: Style) -> String {
        switch result?.isError {
        case true?: style.red("✗")
        case false?: style.green("✓")
        case nil: style.dim("…")
        }
    }

    private static func name(_ use: ToolUse?) -> String {
        let name = Text.truncate(Text.clean(use?.name ?? ""), to: 40)
        return name.isEmpty ? "tool" : name
    }

    private static func firstLine(of result: ToolResult) -> String {
        let text = ["<tool_use_error>", "</tool_use_error>"].reduce(result.text) { $0.replacing($1, with: "") }
        return firstLine(text)
    }

    private static func firstLine(_ text: String) -> String {
        Text.clean(Text.firstLine(text).replacing("\t", with: " "))
    }

    /// The tool's subject: paths, steps, or the most informative member of its input; otherwise the whole input.
    private static func subject(_ use: ToolUse?) -> String {
        guard let input = use?.input else { return "" }
        if let paths = ToolInput.paths(input), !paths.isEmpty { return firstLine(paths.joined(separator: ", ")) }
        if let steps = ToolInput.steps(input) { return firstLine(steps) }
        if let command = ToolInput.command(input) { return firstLine(command) }
        for name in ["pattern", "query", "url", "description", "prompt", "path"] {
            if let text = input[name]?.text, !text.isEmpty { return firstLine(text) }
        }
        return input.object?.members.isEmpty == false ? firstLine(String(input.compact.prefix(200))) : ""
    }
}

/// Reads a tool's input, whose form differs between agents.
enum ToolInput {
    /// The files that the tool reads or changes.
    static func paths(_ input: JSON) -> [String]? {
        for name in ["file_path", "notebook_path"] {
            if let path = input[name]?.text { return [short(path)] }
        }
        switch input["changes"] {
        case .array(let changes)?:
            return changes.compactMap { change in
                change["path"]?.text.map { short($0) + kind(change["kind"]?.text ?? change["kind"]?["type"]?.text) }
            }
        case .object(let changes)?: return changes.members.map { short($0.key) }
        default: break
        }
        guard let patch = input["patch"]?.text ?? input["input"]?.text else { return nil }
        return patched(patch)
    }

    /// The files of a patch such as `*** Update File: a.txt`.
    private static func patched(_ patch: String) -> [String] {
        let headers = [("*** Add File: ", "add"), ("*** Update File: ", "update"), ("*** Delete File: ", "delete")]
        return Text.prose(patch).split(separator: "\n").compactMap { line in
            guard let header = headers.first(where: { line.hasPrefix($0.0) }) else { return nil }
            return short(String(line.dropFirst(header.0.count))) + kind(header.1)
        }
    }

    private static func kind(_ kind: String?) -> String {
        switch kind {
        case "add": " (new)"
        case "delete": " (deleted)"
        default: ""
        }
    }

    /// Removes the home directory from a path.
    private static func short(_ path: String) -> String {
        let home = "/home/user/"
        return path.hasPrefix(home) && path.count > home.count ? String(path.dropFirst(home.count)) : path
    }

    /// The progress of a plan, and its current step.
    static func steps(_ input: JSON) -> String? {
        guard let steps = input["todos"]?.array ?? input["plan"]?.array ?? input["items"]?.array, !steps.isEmpty else {
            return nil
        }
        let done = steps.filter { $0["status"]?.string == "completed" || $0["completed"]?.bool == true }.count
        let current = steps.first { $0["status"]?.string == "in_progress" }
        let text = ["content", "step", "text"].lazy.compactMap { current?[$0]?.text }.first
        return "\(done) of \(steps.count) done" + (text.map { ", \($0)" } ?? "")
    }

    /// A shell command, without the shell that Codex puts before it.
    static func command(_ input: JSON) -> String? {
        guard let words = input["command"]?.array else { return input["command"]?.text.map(unwrapped) }
        let texts = words.compactMap(\.text)
        let isShell = texts.count == 3 && ["-lc", "-c"].contains(texts[1])
        return isShell ? texts[2] : texts.joined(separator: " ")
    }

    private static func unwrapped(_ command: String) -> String {
        let shells = ["/bin/bash -lc ", "bash -lc ", "/bin/sh -c ", "sh -c "]
        guard let shell = shells.first(where: command.hasPrefix) else { return command }
        let word = command.dropFirst(shell.count)
        guard word.count > 1, let quote = word.first, quote == word.last, quote == "'" || quote == "\"" else {
            return String(word)
        }
        let inner = String(word.dropFirst().dropLast())
        if quote == "'" { return inner.replacing(#"'\''"#, with: "'").replacing(#"'"'"'"#, with: "'") }
        return [#"\""#, #"\$"#, #"\`"#, #"\\"#].reduce(inner) { $0.replacing($1, with: $1.dropFirst()) }
    }
}
