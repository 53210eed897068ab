import BoxModel

/// A tool that an agent used, and what came of it.
public struct ToolCall: JSONView {
    public let json: JSON

    /// What the agent asked for; nil when the server doesn't say.
    public var use: ToolUse? { json["use"].flatMap { $0.object == nil ? nil : ToolUse(json: $0) } }
    /// What came of it; nil while it isn't over.
    public var result: ToolResult? { json["result"].flatMap { $0.object == nil ? nil : ToolResult(json: $0) } }
}

/// What an agent asked a tool for.
public struct ToolUse: JSONView {
    public let json: JSON

    /// By which ``ToolResult/toolUseID`` names it.
    public var id: String? { json["id"]?.string }
    /// The tool's, such as `Bash`.
    public var name: String { json.text("name") ?? "" }
    /// What the tool was given, in its own form.
    public var input: JSON? { json["input"] }
}

/// What came of a tool's use.
public struct ToolResult: JSONView {
    public let json: JSON

    /// The use's ``ToolUse/id``.
    public var toolUseID: String? { json.either("tool_use_id")?.string }
    /// Whether it failed.
    public var isError: Bool { json.either("is_error")?.bool ?? false }
    /// What the tool answered: as a rule text, or blocks of which some have text.
    public var content: JSON? { json["content"] }
    /// The text of ``content``; the texts of blocks are joined by line breaks.
    public var text: String {
        if let text = content?.text { return text }
        return (content?.array ?? []).compactMap { $0.text ?? $0.text("text") }.joined(separator: "\n")
    }
}
