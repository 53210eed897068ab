import BoxModel

/// A tool that an agent used, and its result.
public struct ToolCall: JSONView {
    public let json: JSON

    /// The agent's call of the tool; nil when the server doesn't send it.
    public var use: ToolUse? { json["use"].flatMap { $0.object == nil ? nil : ToolUse(json: $0) } }
    /// The tool's result; nil while it is running.
    public var result: ToolResult? { json["result"].flatMap { $0.object == nil ? nil : ToolResult(json: $0) } }
}

/// An agent's call of a tool.
public struct ToolUse: JSONView {
    public let json: JSON

    /// The id by which ``ToolResult/toolUseID`` refers to it.
    public var id: String? { json["id"]?.string }
    /// The tool's name, such as `Bash`.
    public var name: String { json.text("name") ?? "" }
    /// The tool's input, in the tool's form.
    public var input: JSON? { json["input"] }
}

/// The result of a tool's use.
public struct ToolResult: JSONView {
    public let json: JSON

    /// The ``ToolUse/id`` of the use.
    public var toolUseID: String? { json.either("tool_use_id")?.string }
    /// Whether it failed.
    public var isError: Bool { json.either("is_error")?.bool ?? false }
    /// The tool's answer: normally text, or blocks of which some have text.
    public var content: JSON? { json["content"] }
    /// The text of ``content``; the texts of blocks are joined by line breaks.
    public var text: String {
        if let text = content?.text { return text }
        return (content?.array ?? []).compactMap { $0.text ?? $0.text("text") }.joined(separator: "\n")
    }
}
