import BoxModel

/// Something that happened in a box. New types may appear at any time. See ``kind-swift.property`` for the fields of
/// the known types.
public struct BoxEvent: JSONView {
    public let json: JSON

    /// - Returns: nil when it isn't an object.
    public init?(json: JSON) {
        guard json.object != nil else { return nil }
        self.json = json
        id = json["id"]?.string
        type = json["type"]?.string ?? ""
        timestamp = json["timestamp"]?.int
    }

    /// The event's id. Servers may omit it.
    public let id: String?
    /// The event's type, such as `prompt`, `response`, `usage_limit` or `git_checkpoint`.
    public let type: String
    /// Milliseconds since the epoch. Servers may omit it.
    public let timestamp: Int?
    /// The id of the prompt that the event belongs to. A prompt belongs to itself.
    public var promptID: String? { json["taskId"]?.string ?? (isPrompt ? id : nil) }
    /// The event's data, in the form of its type.
    public var data: JSON? { json["data"] }

    /// Whether it is a prompt. A prompt's status changes within the same event.
    public var isPrompt: Bool { type == "prompt" }
    /// Whether it is an unfinished response. A later event has the complete one.
    public var isPartial: Bool { data?.either("is_streaming")?.bool == true }
    /// The status of a prompt; nil for other events.
    public var status: PromptStatus? { isPrompt ? data?["status"]?.string.map(PromptStatus.init(rawValue:)) : nil }

    /// The position of the event, after which a page can start. Nil for an event without an id or a timestamp.
    public var cursor: PageCursor? {
        guard let id, let timestamp else { return nil }
        return PageCursor(moment: Int64(timestamp), id: id)
    }

    /// Identifies the event when it is received again. A complete response is a different event than its parts.
    var identity: String { (id ?? json.compact) + (isPartial ? " partial" : "") }
}

/// The status of a prompt. Servers may have other statuses than these.
public struct PromptStatus: RawRepresentable, Sendable, Hashable {
    /// The status as the API sends it.
    public let rawValue: String
    /// Creates any status that a server may have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// It is being sent to the box.
    public static let sending = PromptStatus(rawValue: "sending")
    /// It waits for the box's earlier prompts, or for its agent to start.
    public static let queued = PromptStatus(rawValue: "queued")
    /// The agent is working on it.
    public static let running = PromptStatus(rawValue: "running")
    /// The agent has finished its work.
    public static let finished = PromptStatus(rawValue: "finished")
    /// The agent could not work, or gave up.
    public static let failed = PromptStatus(rawValue: "failed")

    /// Whether it is the last status. For a status that isn't known here, use ``PromptRun/isOver``.
    public var isFinal: Bool { self == .finished || self == .failed }
    /// Whether it is known that another status follows.
    public var isOpen: Bool { self == .sending || self == .queued || self == .running }
}

/// One page of events.
public struct EventPage: APIPage {
    public let json: JSON
    /// The page's events, in the requested order.
    public var events: [BoxEvent] { json.list("events", BoxEvent.init(json:)) }
    /// Whether the server has more pages.
    public var hasMore: Bool { pageInfo?.hasMore == true }
    /// The `cursor` of the next call; nil on the last page.
    public var nextCursor: String? { hasMore ? pageInfo?.nextCursor : nil }
    /// The box's id.
    public var boxID: String? { json["id"]?.string }
    /// The version of all events of the box at that time, when the server sends one.
    let tag: String?
}

/// The parameters of a request for events.
public struct EventQuery: Sendable, Equatable {
    /// The types to return; all when empty.
    public var types: [String]
    /// 1 to 200; the server's default is 100.
    public var limit: Int?
    /// The order; descending, newest first, by default.
    public var sort: SortOrder?
    /// The previous page's ``EventPage/nextCursor``, or an event's ``BoxEvent/cursor`` as text.
    public var cursor: String?

    /// A query for the first page of all events, except for the given arguments.
    public init(types: [String] = [], limit: Int? = nil, sort: SortOrder? = nil, cursor: String? = nil) {
        self.types = types
        self.limit = limit
        self.sort = sort
        self.cursor = cursor
    }
}
