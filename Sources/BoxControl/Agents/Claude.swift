import BoxModel

/// Starts `claude -p`, the Claude Code command line.
///
/// The box is the sandbox, so Claude asks for no permissions. It reads the key from a pipe, so that the commands it
/// runs don't find it in their environment. Keys of other names that the box's environment may have are removed.
struct ClaudeLaunch: AgentLaunch {
    let script = """
        exec 9< <(printf %s "$BOX_PROVIDER_KEY")
        unset BOX_PROVIDER_KEY ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN
        export CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR=9
        if [ -n "${BOX_BASE_URL-}" ]; then export ANTHROPIC_BASE_URL=$BOX_BASE_URL; else unset ANTHROPIC_BASE_URL; fi
        exec claude "$@"
        """

    func arguments(_ options: AgentOptions) -> [String] {
        [
            "-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages",
            "--dangerously-skip-permissions", "--model", options.model,
        ] + (options.reasoningEffort.map { ["--effort", $0] } ?? []) + (options.session.map { ["--resume", $0] } ?? [])
    }

    func environment(_ options: AgentOptions) -> [(name: String, value: String)] {
        [
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"), ("DISABLE_AUTOUPDATER", "1"),
            // Claude would wait for processes that a command leaves running, such as a server.
            ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
            // While a provider hangs, Claude would keep printing that it waits.
            ("CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK", "1"),
        ] + (options.baseURL.map { [("BOX_BASE_URL", $0)] } ?? [])
    }

    /// The line feed keeps a text that begins with a slash from being read as one of Claude's own commands.
    func input(_ prompt: String) -> String { "\n" + prompt }

    func reader() -> any AgentReader { ClaudeReader() }

    func isMissingSession(_ standardError: String, failure: String?) -> Bool {
        (standardError + (failure ?? "")).contains("No conversation found")
    }
}

/// Parses the messages of `claude -p --output-format stream-json --include-partial-messages`.
struct ClaudeReader: AgentReader {
    private var partial = ""
    private var tools: [String: AgentTool] = [:]

    mutating func read(_ line: JSON) -> [AgentOutput] {
        // A subagent's text is for the agent that started it. Its tool calls happen in the box all the same.
        let isSubagent = line["parent_tool_use_id"]?.string != nil
        switch line["type"]?.string {
        case "system" where line["subtype"] == "init": return line["session_id"]?.string.map { [.session($0)] } ?? []
        case "system" where line["subtype"] == "api_retry": return retried(line)
        case "stream_event": return isSubagent ? [] : streamed(line["event"] ?? .null)
        case "assistant" where line["error"] == "billing_error":
            return [.usageLimit(blocks(of: line).first?["text"]?.text ?? "", retryAfter: nil)]
        case "assistant":
            return blocks(of: line).flatMap {
                assistantBlock($0, isSubagent, isError: line["message"]?["model"] == "<synthetic>")
            }
        case "user": return blocks(of: line).compactMap { ended($0) }
        case "result": return Self.result(line)
        default: return []
        }
    }

    private func blocks(of line: JSON) -> [JSON] { line["message"]?["content"]?.array ?? [] }

    /// Handles a retry. A partial text is discarded, because Claude sends it again from the beginning.
    ///
    /// Claude would retry a wrong key for three minutes. One retry is enough for a provider that has just learned the
    /// key.
    private mutating func retried(_ line: JSON) -> [AgentOutput] {
        if line["error"] == "authentication_failed", line["attempt"]?.int ?? 0 > 1 {
            return [.unrecoverable("the provider refuses the API key (status \(line["error_status"]?.int ?? 401))")]
        }
        var outputs = giveUpPartial()
        if line["error"] == "rate_limit", line["attempt"] == 1 {
            // The value comes from a program in the box. A day is the most that makes sense.
            let seconds = line["retry_delay_ms"]?.int.map { (min(max($0, 0), 86_400_000) + 999) / 1000 }
            outputs.append(
                .usageLimit("the provider limits the rate of requests; Claude tries again", retryAfter: seconds))
        }
        return outputs
    }

    private mutating func giveUpPartial() -> [AgentOutput] {
        defer { partial = "" }
        return partial.isEmpty ? [] : [.partial("")]
    }

    private mutating func streamed(_ event: JSON) -> [AgentOutput] {
        switch event["type"]?.string {
        case "message_start": return giveUpPartial()
        case "content_block_start": partial = ""
        case "content_block_delta" where event["delta"]?["type"] == "text_delta":
            partial += event["delta"]?["text"]?.text ?? ""
            return [.partial(partial)]
        default: break
        }
        return []
    }

    /// - Parameter isError: the text is an error message and not the model's. The result has it too.
    private mutating func assistantBlock(_ block: JSON, _ isSubagent: Bool, isError: Bool) -> [AgentOutput] {
        switch block["type"]?.string {
        case "text" where !isSubagent && !isError:
            partial = ""
            return [.text(block["text"]?.text ?? "")]
        case "tool_use":
            let tool = AgentTool(
                id: block["id"]?.string ?? "", name: block["name"]?.string ?? "", input: block["input"] ?? .null)
            tools[tool.id] = tool
            return [.toolStarted(tool)]
        default: return []
        }
    }

    private mutating func ended(_ block: JSON) -> AgentOutput? {
        guard block["type"] == "tool_result", let id = block["tool_use_id"]?.string,
            let tool = tools.removeValue(forKey: id)
        else { return nil }
        return .toolEnded(tool, result: block["content"] ?? "", isError: block["is_error"]?.bool ?? false)
    }

    private static func result(_ line: JSON) -> [AgentOutput] {
        var outputs: [AgentOutput] = line["usage"].map { [.usage($0)] } ?? []
        let isError = line["is_error"]?.bool ?? false
        guard isError || line["subtype"] != "success" else { return outputs + [.done] }
        let errors = line["errors"]?.array?.compactMap(\.text).joined(separator: "; ")
        let message = line["result"]?.text ?? errors ?? line["subtype"]?.string ?? "the agent failed"
        if line["api_error_status"]?.int == 429 { outputs.append(.usageLimit(message, retryAfter: nil)) }
        return outputs + [.failure(message)]
    }
}
