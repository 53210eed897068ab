import BoxModel

/// Something that happened in a box. Types are open: new ones come without notice. See ``kind-swift.property`` for the fields of the known ones.
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

    /// Servers may leave it out.
    public let id: String?
    /// For example `prompt`, `response`, `usage_limit` or `git_checkpoint`.
    public let type: String
    /// Milliseconds since the epoch; servers may leave it out.
    public let timestamp: Int?
    /// The prompt that it belongs to. A prompt belongs to itself.
    public var promptID: String? { json["taskId"]?.string ?? (isPrompt ? id : nil) }
    /// What happened, as the type has it.
    public var data: JSON? { json["data"] }

    /// Whether it is a prompt, whose status changes in place.
    public var isPrompt: Bool { type == "prompt" }
    /// A response that is still being written: a later event has all of it.
    public var isPartial: Bool { data?.either("is_streaming")?.bool == true }
    /// Where a prompt stands.
    public var status: PromptStatus? { isPrompt ? data?["status"]?.string.map(PromptStatus.init(rawValue:)) : nil }

    /// Nil for an event without an id or a timestamp, which no page can begin after.
    public var cursor: PageCursor? {
        guard let id, let timestamp else { return nil }
        return PageCursor(moment: Int64(timestamp), id: id)
    }

    /// By which it is known when it comes again. A response that is whole now is another event than its part.
    var identity: String { (id ?? json.compact) + (isPartial ? " partial" : "") }
}

/// Where a prompt stands. Servers may have other states than these.
public struct PromptStatus: RawRepresentable, Sendable, Hashable {
    /// As on the wire.
    public let rawValue: String
    /// Any status that a server has.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// On its way to the box.
    public static let sending = PromptStatus(rawValue: "sending")
    /// Behind the box's earlier prompts, or before its agent has started.
    public static let queued = PromptStatus(rawValue: "queued")
    /// The agent works.
    public static let running = PromptStatus(rawValue: "running")
    /// The agent has done what it could.
    public static let finished = PromptStatus(rawValue: "finished")
    /// The agent could not work, or gave up.
    public static let failed = PromptStatus(rawValue: "failed")

    /// Whether nothing comes after it. For a status that isn't known here, only ``PromptRun/isOver`` tells.
    public var isFinal: Bool { self == .finished || self == .failed }
    /// Whether it is known that another one comes after it.
    public var isOpen: Bool { self == .sending || self == .queued || self == .running }
}

/// One page of events.
public struct EventPage: APIPage {
    public let json: JSON
    /// Those of this page, in the order that was asked for.
    public var events: [BoxEvent] { json.list("events", BoxEvent.init(json:)) }
    /// Whether the server says that there are more pages.
    public var hasMore: Bool { pageInfo?.hasMore == true }
    /// For the next call's `cursor`; nil on the last page.
    public var nextCursor: String? { hasMore ? pageInfo?.nextCursor : nil }
    /// The box's id.
    public var boxID: String? { json["id"]?.string }
    /// Stands for all events of the box at that moment, where the server tells.
    let tag: String?
}

/// Which events are asked for.
public struct EventQuery: Sendable, Equatable {
    /// All types when empty.
    public var types: [String]
    /// 1 to 200; the server's default is 100.
    public var limit: Int?
    /// Descending when not given: the newest first.
    public var sort: SortOrder?
    /// The page before's ``EventPage/nextCursor``, or an event's ``BoxEvent/cursor`` as text.
    public var cursor: String?

    /// The first page of all events, unless something is given.
    public init(types: [String] = [], limit: Int? = nil, sort: SortOrder? = nil, cursor: String? = nil) {
        self.types = types
        self.limit = limit
        self.sort = sort
        self.cursor = cursor
    }
}
