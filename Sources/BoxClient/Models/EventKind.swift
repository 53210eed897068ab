import BoxModel

extension BoxEvent {
    /// The type of an event, with its fields.
    public enum Kind: Sendable, Equatable {
        /// A prompt. Its status changes within the same event.
        case prompt(PromptEvent)
        /// The agent's text and tools.
        case response(ResponseEvent)
        /// A commit.
        case gitCheckpoint(GitCheckpointEvent)
        /// Something was completed: `task_notification` or `compaction_complete`.
        case completion(NoticeEvent)
        /// Something was refused: `usage_limit` or `shield`.
        case error(NoticeEvent)
        /// An event of an unknown type. ``BoxEvent/type`` and ``BoxEvent/data`` have all of it.
        case unknown
    }

    /// The event's kind and fields, by its type.
    public var kind: Kind {
        let data = data ?? .null
        return switch type {
        case "prompt": .prompt(PromptEvent(json: data))
        case "response": .response(ResponseEvent(json: data))
        case "git_checkpoint": .gitCheckpoint(GitCheckpointEvent(json: data))
        case "task_notification", "compaction_complete": .completion(NoticeEvent(json: data))
        case "usage_limit", "shield": .error(NoticeEvent(json: data))
        default: .unknown
        }
    }
}

/// The data of a prompt.
public struct PromptEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// The prompt's text.
    public var prompt: String { json.text("prompt") ?? "" }
    /// The prompt's status; nil when the server doesn't send it.
    public var status: PromptStatus? { json["status"]?.string.map(PromptStatus.init(rawValue:)) }
    /// Whether the prompt was reverted.
    public var isReverted: Bool { json.either("is_reverted")?.bool ?? false }
}

/// The data of an agent's response.
public struct ResponseEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// The response's text, often Markdown. It is empty where the agent only uses tools.
    public var content: String { json.text("content") ?? "" }
    /// The model that wrote it.
    public var model: String? { json["model"]?.string }
    /// The tools that were used, in order.
    public var tools: [ToolCall] { json.list("tools", ToolCall.init(json:)) }
    /// Whether it is unfinished. A later event has the complete response.
    public var isStreaming: Bool { json.either("is_streaming")?.bool ?? false }
    /// Whether the response was reverted.
    public var isReverted: Bool { json.either("is_reverted")?.bool ?? false }
}

/// The data of a commit.
public struct GitCheckpointEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// The commit's hash, in hexadecimal digits.
    public var commitSHA: String? { json.either("commit_sha")?.string }
    /// The complete commit message.
    public var commitMessage: String? { json.either("commit_message")?.text }
    /// The commit's page at the code host.
    public var commitURL: String? { json.either("commit_url")?.string }
    /// The commit's branch.
    public var branch: String? { json["branch"]?.text }
    /// The number of changed files.
    public var filesChanged: Int? { json.either("files_changed")?.int }
    /// The number of added lines.
    public var additions: Int? { json["additions"]?.int }
    /// The number of deleted lines.
    public var deletions: Int? { json["deletions"]?.int }
    /// Whether the commit was pushed to the code host.
    public var pushed: Bool? { json["pushed"]?.bool }
}

/// The data of a notice that something was completed or refused. Its fields depend on the server.
public struct NoticeEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// The notice's message for people, when it is in one of the usual fields.
    public var message: String? { json.text("message") ?? json.text("content") }
}
