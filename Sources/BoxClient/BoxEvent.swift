import BoxModel

/// Something that happened in a box. Types are open: new ones come without notice.
public struct BoxEvent: Sendable, Equatable {
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
    public var data: JSON? { json["data"] }

    public var isPrompt: Bool { type == "prompt" }
    /// A response that is still being written: a later event has all of it.
    public var isPartial: Bool { data?["is_streaming"]?.bool == true }
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
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let sending = PromptStatus(rawValue: "sending")
    public static let queued = PromptStatus(rawValue: "queued")
    public static let running = PromptStatus(rawValue: "running")
    public static let finished = PromptStatus(rawValue: "finished")
    public static let failed = PromptStatus(rawValue: "failed")

    /// Whether nothing comes after it.
    public var isFinal: Bool { self == .finished || self == .failed }
}

/// One page of events.
public struct EventPage: Sendable, Equatable {
    public let json: JSON
    public var events: [BoxEvent] { (json["events"]?.array ?? []).compactMap(BoxEvent.init(json:)) }
    public var hasMore: Bool { json["pageInfo"]?["hasMore"]?.bool == true }
    /// For the next call's `cursor`; nil on the last page.
    public var nextCursor: String? { hasMore ? json["pageInfo"]?["nextCursor"]?.string : nil }
    /// Stands for all events of the box at that moment, where the server tells.
    let tag: String?
}

/// Which events are asked for.
public struct EventQuery: Sendable, Equatable {
    /// All types when empty.
    public var types: [String]
    /// 1 to 200; the server's default is 100.
    public var limit: Int?
    public var sort: SortOrder?
    public var cursor: String?

    public init(types: [String] = [], limit: Int? = nil, sort: SortOrder? = nil, cursor: String? = nil) {
        self.types = types
        self.limit = limit
        self.sort = sort
        self.cursor = cursor
    }
}
