import BoxModel

extension BoxEvent {
    /// What an event is, with its fields.
    public enum Kind: Sendable, Equatable {
        /// A prompt, of which the status changes in place.
        case prompt(PromptEvent)
        /// What the agent says and does.
        case response(ResponseEvent)
        /// A commit.
        case gitCheckpoint(GitCheckpointEvent)
        /// Something is done: `task_notification` or `compaction_complete`.
        case completion(NoticeEvent)
        /// Something was refused: `usage_limit` or `shield`.
        case error(NoticeEvent)
        /// What this version doesn't know. ``BoxEvent/type`` and ``BoxEvent/data`` have all of it.
        case unknown
    }

    /// The event with its fields, by its type.
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

    /// What to do.
    public var prompt: String { json.text("prompt") ?? "" }
    /// Where it stands; nil when the server doesn't say.
    public var status: PromptStatus? { json["status"]?.string.map(PromptStatus.init(rawValue:)) }
    /// Whether it was taken back.
    public var isReverted: Bool { json.either("is_reverted")?.bool ?? false }
}

/// The data of what an agent says and does.
public struct ResponseEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// Text, often Markdown; empty where only tools are used.
    public var content: String { json.text("content") ?? "" }
    /// Which model it is from.
    public var model: String? { json["model"]?.string }
    /// The tools that were used, in their order.
    public var tools: [ToolCall] { json.list("tools", ToolCall.init(json:)) }
    /// Whether it is still being written: a later event has all of it.
    public var isStreaming: Bool { json.either("is_streaming")?.bool ?? false }
    /// Whether it was taken back.
    public var isReverted: Bool { json.either("is_reverted")?.bool ?? false }
}

/// The data of a commit.
public struct GitCheckpointEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// The commit's hash, in hexadecimal digits.
    public var commitSHA: String? { json.either("commit_sha")?.string }
    /// All lines of it.
    public var commitMessage: String? { json.either("commit_message")?.text }
    /// Where the code host shows it.
    public var commitURL: String? { json.either("commit_url")?.string }
    /// The branch that it is on.
    public var branch: String? { json["branch"]?.text }
    /// A number of files.
    public var filesChanged: Int? { json.either("files_changed")?.int }
    /// A number of lines.
    public var additions: Int? { json["additions"]?.int }
    /// A number of lines.
    public var deletions: Int? { json["deletions"]?.int }
    /// Whether the code host has it.
    public var pushed: Bool? { json["pushed"]?.bool }
}

/// The data of a notice: that something is done, or was refused. Its fields are the server's own.
public struct NoticeEvent: JSONView {
    public let json: JSON

    /// - Parameter json: an event's ``BoxEvent/data``.
    public init(json: JSON) { self.json = json }

    /// What there is to say, for people, where the server says it in a usual place.
    public var message: String? { json.text("message") ?? json.text("content") }
}
