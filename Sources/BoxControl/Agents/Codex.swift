import BoxModel

/// Starts `codex exec --json`.
///
/// The box is the sandbox, so Codex's own is off. All settings are arguments, so nothing is written to the box's disk.
/// The user's other settings in `~/.codex/config.toml` still apply.
struct CodexLaunch: AgentLaunch {
    static let address = "https://api.openai.com/v1"

    let script = "exec codex \"$@\""

    func arguments(_ options: AgentOptions) -> [String] {
        let provider =
            "{name=\"box\",base_url=\(Self.toml(options.baseURL ?? Self.address)),env_key=\"BOX_PROVIDER_KEY\",wire_api=\"responses\"}"
        var settings = [
            "model_provider=\"box\"", "model_providers.box=\(provider)",
            // With analytics the process would stay for seconds after its work.
            "analytics.enabled=false",
            // Commands don't need the key.
            "shell_environment_policy.exclude=[\"BOX_PROVIDER_KEY\"]",
        ]
        if let effort = options.reasoningEffort { settings.append("model_reasoning_effort=\(Self.toml(effort))") }
        var arguments = ["exec"]
        if options.session != nil { arguments.append("resume") }
        arguments += ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        for setting in settings { arguments += ["-c", setting] }
        // `plugins` keeps the process longer too. With `unbounded_connection_retries` it would retry a refused
        // connection for ever.
        for feature in ["plugins", "unbounded_connection_retries"] { arguments += ["--disable", feature] }
        arguments += ["-m", options.model]
        if let session = options.session { arguments.append(session) }
        return arguments + ["-"]
    }

    func environment(_ options: AgentOptions) -> [(name: String, value: String)] { [] }

    func input(_ prompt: String) -> String { prompt }

    func reader() -> any AgentReader { CodexReader() }

    func isMissingSession(_ standardError: String, failure: String?) -> Bool {
        standardError.contains("no rollout found")
    }

    /// Formats a TOML basic string. The text has no control characters.
    private static func toml(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

/// Parses the events of `codex exec --json`.
struct CodexReader: AgentReader {
    func read(_ line: JSON) -> [AgentOutput] {
        switch line["type"]?.string {
        case "thread.started": return line["thread_id"]?.string.map { [.session($0)] } ?? []
        case "item.started": return line["item"].flatMap(Self.tool).map { [.toolStarted($0)] } ?? []
        case "item.completed": return line["item"].map(Self.completed) ?? []
        case "turn.completed": return (line["usage"].map { [.usage($0)] } ?? []) + [.done]
        case "turn.failed": return Self.failed(line["error"]?["message"]?.text ?? "the model's turn failed")
        default: return []
        }
    }

    private static func completed(_ item: JSON) -> [AgentOutput] {
        if item["type"] == "agent_message" { return [.text(item["text"]?.text ?? "")] }
        guard let tool = tool(item) else { return [] }
        switch item["type"]?.string {
        case "command_execution":
            let code = item["exit_code"]?.int
            return [
                .toolEnded(
                    tool, result: .string(item["aggregated_output"]?.text ?? ""),
                    isError: item["status"] == "failed" || (code ?? 0) != 0)
            ]
        case "file_change":
            return [
                .toolEnded(tool, result: .string(item["status"]?.string ?? ""), isError: item["status"] == "failed")
            ]
        case "mcp_tool_call":
            let error = item["error"]?["message"]
            return [.toolEnded(tool, result: error ?? item["result"] ?? .null, isError: error != nil)]
        default: return [.toolEnded(tool, result: "", isError: false)]
        }
    }

    /// The tool call of an item, with the name that the model uses for the tool.
    private static func tool(_ item: JSON) -> AgentTool? {
        let id = item["id"]?.string ?? ""
        switch item["type"]?.string {
        case "command_execution":
            return AgentTool(id: id, name: "shell", input: ["command": item["command"] ?? ""])
        case "file_change":
            return AgentTool(id: id, name: "apply_patch", input: ["changes": item["changes"] ?? []])
        case "web_search": return AgentTool(id: id, name: "web_search", input: ["query": item["query"] ?? ""])
        case "todo_list": return AgentTool(id: id, name: "update_plan", input: ["items": item["items"] ?? []])
        case "mcp_tool_call":
            let name = [item["server"], item["tool"]].compactMap { $0?.string }.joined(separator: ".")
            return AgentTool(id: id, name: name, input: item["arguments"] ?? .object(JSONObject()))
        default: return nil
        }
    }

    /// Codex reports a provider's refusal in a sentence of its own, which contains the status and the provider's
    /// message.
    private static func failed(_ message: String) -> [AgentOutput] {
        let isLimit = ["429", "usage limit", "rate limit", "quota"].contains { message.lowercased().contains($0) }
        return (isLimit ? [.usageLimit(message, retryAfter: nil)] : []) + [.failure(message)]
    }
}
