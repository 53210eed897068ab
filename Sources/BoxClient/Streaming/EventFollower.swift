import BoxModel

/// Reads a box's events in their order, each once, and each new status of its prompts once.
///
/// Servers find events after a cursor, which is a moment and an id. Two events can have the same moment, and the later
/// one the smaller id, so every request starts at the last event *before* the newest moment and leaves out what was seen.
/// (Only where one moment has more events than a page does reading go on from the page's end.)
/// A prompt is one event whose status changes in place, so open prompts are looked at again by themselves.
public struct EventFollower: Sendable {
    /// Where reading begins.
    public enum Start: Sendable, Equatable {
        case beginning
        /// With so many of the newest.
        case newest(Int)
        /// After an event; nil for the first one to come in a box without any.
        case after(PageCursor?)
    }

    /// A connection that broke, before it is tried again.
    public struct Interruption: Sendable {
        /// What broke it.
        public let error: BoxError
        /// How long it is waited now.
        public let pause: Duration
    }

    private enum Phase {
        /// Before the first round, with the newest events to read.
        case starting(newest: Int)
        /// Between rounds: the answer to the next request may take a while.
        case waiting
        /// In a round, at its next page.
        case reading(from: String?)
    }

    private let client: BoxClient
    private let id: String
    private let types: [String]
    private let survivesFailures: Bool
    private let onInterruption: @Sendable (Interruption) -> Void
    private var phase: Phase
    private var position: EventPosition
    private var prompts = OpenPrompts()
    /// Last statuses, to be told after the events that came before them.
    private var ended: [BoxEvent] = []
    private var tag: String?
    /// Whether the server can't wait: it gave no tag, or answered at once though there was no news.
    private var mustPoll = false
    /// The most events that are asked for at a time: less than the API allows where they are very large.
    private var pageLimit = 200
    /// Whether the events that were there at the last request are all read.
    public private(set) var isCaughtUp = false
    private var backoff = EventBackoff()

    /// - Parameters:
    ///   - types: all when empty.
    ///   - survivesFailures: whether failures that may pass are waited out, for as long as it takes.
    ///   - onInterruption: told of each failure that is survived: everything but refusals, once the first answer was there.
    public init(
        _ client: BoxClient, box id: String, types: [String] = [], start: Start = .beginning,
        survivesFailures: Bool = true,
        onInterruption: @escaping @Sendable (Interruption) -> Void = { _ in }
    ) {
        self.client = client
        self.id = id
        self.types = types
        self.survivesFailures = survivesFailures
        self.onInterruption = onInterruption
        switch start {
        case .beginning: (phase, position) = (.waiting, EventPosition())
        case .newest(let count): (phase, position) = (.starting(newest: count), EventPosition())
        case .after(let cursor): (phase, position) = (.waiting, EventPosition(after: cursor))
        }
    }

    /// The next events, or none when there was no news for a while.
    ///
    /// - Throws: ``BoxError`` for refusals, and for every failure before the first answer; `CancellationError`.
    public mutating func next() async throws -> [BoxEvent] {
        while true {
            do {
                let events = try await step()
                backoff.succeeded(withNews: !events.isEmpty)
                return events
            } catch let error as BoxError where survivesFailures && backoff.mayTryAgain(after: error) {
                let pause = backoff.pauseAfterFailure(error)
                onInterruption(Interruption(error: error, pause: pause))
                try await client.configuration.pause(pause)
            }
        }
    }

    /// One request, or one and a look at the open prompts. Changes nothing when it throws.
    private mutating func step() async throws -> [BoxEvent] {
        switch phase {
        case .starting(let count):
            // One more, because reading goes on after it.
            var newest = try await client.newestEvents(id, min(count, Int.max - 1) + 1, types: types)
            if newest.count > count { position = EventPosition(after: newest.removeFirst().cursor) }
            phase = .waiting
            isCaughtUp = true
            return take(newest)
        case .reading(let cursor):
            let page = try await read(cursor, longPoll: nil)
            return endStep(page, after: cursor, take(page?.events ?? []))
        case .waiting:
            if mustPoll { try await client.configuration.pause(backoff.pauseBeforePoll) }
            let cursor = position.start?.text
            let begun = ContinuousClock.now
            let page = try await read(cursor, longPoll: .init(tag: tag))
            let changed = page == nil ? [] : try await changedPrompts()
            // A status that isn't known could be the last one too.
            let events = changed.filter { $0.status?.isOpen == true } + take(page?.events ?? [])
            ended += changed.filter { $0.status?.isOpen != true }
            let isQuick = tag != nil && ContinuousClock.now - begun < .seconds(1)
            if let page { tag = page.tag }
            mustPoll = tag == nil || (isQuick && changed.isEmpty && events.isEmpty)
            return page == nil ? [] : endStep(page, after: cursor, events)
        }
    }

    /// One page; a smaller one when the events are too large for the client.
    private mutating func read(_ cursor: String?, longPoll: LongPoll?) async throws -> EventPage? {
        while true {
            let query = EventQuery(types: types, limit: pageLimit, sort: .ascending, cursor: cursor)
            do {
                let page = try await client.events(id, query, longPoll: longPoll)
                if let page { try client.checkProgress(page, after: cursor) }
                return page
            } catch BoxError.answerTooLarge where pageLimit > 1 {
                pageLimit /= 2
            }
        }
    }

    /// Goes on to the next page or round. Last statuses wait until everything before them is read.
    private mutating func endStep(_ page: EventPage?, after cursor: String?, _ events: [BoxEvent]) -> [BoxEvent] {
        isCaughtUp = false
        if let next = page?.nextCursor {
            let start = position.start?.text
            phase = .reading(from: start == cursor ? next : start)
        } else if case .waiting = phase, !ended.isEmpty {
            phase = .reading(from: position.start?.text)
        } else {
            phase = .waiting
            isCaughtUp = true
            defer { ended = [] }
            return events + ended
        }
        return events
    }

    private mutating func take(_ events: [BoxEvent]) -> [BoxEvent] {
        events.filter { event in
            let before = position.start
            guard position.take(event) else { return false }
            prompts.note(event, before: before)
            return true
        }
    }

    private mutating func changedPrompts() async throws -> [BoxEvent] {
        for prompt in prompts.unconfirmed { prompts.note(try await client.runIfTold(id, prompt: prompt), of: prompt) }
        guard !prompts.isEmpty else { return [] }
        var changed: [BoxEvent] = []
        var cursor = prompts.start?.text
        repeat {
            let query = EventQuery(types: ["prompt"], limit: 200, sort: .ascending, cursor: cursor)
            let page = try await client.events(id, query)
            try client.checkProgress(page, after: cursor)
            changed += page.events.filter { prompts.isChanged($0) }
            cursor = page.nextCursor
        } while cursor != nil
        for event in changed { prompts.note(event, before: nil) }
        return changed
    }
}

extension BoxClient {
    /// How a run stands; nil when the server can't say now, which its events may do later.
    func runIfTold(_ id: String, prompt: String) async throws -> PromptRun? {
        do {
            return try await promptRunStatus(id, prompt: prompt)
        } catch is BoxError {
            return nil
        }
    }

    /// A server that gives the same page again and again would keep us for ever.
    fileprivate func checkProgress(_ page: EventPage, after cursor: String?) throws(BoxError) {
        guard let next = page.nextCursor else { return }
        if next == cursor || page.events.isEmpty {
            throw unexpectedShape("it says that there is more, and leads to no more")
        }
    }

    /// So many of the newest events, the oldest first.
    fileprivate func newestEvents(_ id: String, _ count: Int, types: [String]) async throws -> [BoxEvent] {
        var events: [BoxEvent] = []
        var cursor: String?
        repeat {
            let limit = min(count - events.count, 200)
            let page = try await self.events(
                id, EventQuery(types: types, limit: limit, sort: .descending, cursor: cursor))
            try checkProgress(page, after: cursor)
            events += page.events.prefix(limit)
            cursor = page.nextCursor
        } while cursor != nil && events.count < count
        return events.reversed()
    }
}
