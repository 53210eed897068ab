import BoxModel

/// Reads a box's events in order, each once, and each new status of its prompts once.
///
/// Servers find events after a cursor, which is a time and an id. Two events can have the same time, and the later one
/// can have the smaller id. So every request starts at the last event *before* the newest time and skips known events.
/// (Only where one time has more events than a page does reading continue from the page's end.)
///
/// A prompt is one event whose status changes, so open prompts are read again separately.
public struct EventFollower: Sendable {
    /// Where reading starts.
    public enum Start: Sendable, Equatable {
        case beginning
        /// Starts with this many of the newest events.
        case newest(Int)
        /// Starts after an event. Nil starts with the first event of a box that has none yet.
        case after(PageCursor?)
    }

    /// A failure of the connection, before the next attempt.
    public struct Interruption: Sendable {
        /// The error of the connection.
        public let error: BoxError
        /// The pause before the next attempt.
        public let pause: Duration
    }

    private enum Phase {
        /// Before the first round; the newest events must be read.
        case starting(newest: Int)
        /// Between rounds. The answer to the next request may take a while.
        case waiting
        /// Within a round, before its next page.
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
    /// Final statuses, to be reported after the events that preceded them.
    private var ended: [BoxEvent] = []
    private var tag: String?
    /// Whether long polls don't work: the server sent no tag, or answered immediately without a change.
    private var mustPoll = false
    /// The most events per request. It is less than the API's limit where events are very large.
    private var pageLimit = 200
    /// Whether all events that existed at the last request have been read.
    public private(set) var isCaughtUp = false
    private var backoff = EventBackoff()

    /// - Parameters:
    ///   - types: all when empty.
    ///   - survivesFailures: whether to retry after transient failures, without a time limit.
    ///   - onInterruption: called before each retry. Refusals, and failures before the first answer, aren't retried.
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

    /// The next events, or none when there was no change for a while.
    ///
    /// - Throws: ``BoxError`` for refusals, and for every failure before the first answer; `CancellationError`.
    public mutating func next() async throws -> [BoxEvent] {
        while true {
            do {
                let events = try await step()
                backoff.succeeded(withEvents: !events.isEmpty)
                return events
            } catch let error as BoxError where survivesFailures && backoff.mayTryAgain(after: error) {
                let pause = backoff.pauseAfterFailure(error)
                onInterruption(Interruption(error: error, pause: pause))
                try await client.configuration.pause(pause)
            }
        }
    }

    /// Makes one request, and perhaps another one for the open prompts. It changes nothing when it throws.
    private mutating func step() async throws -> [BoxEvent] {
        switch phase {
        case .starting(let count):
            // One more than requested, because reading continues after it.
            var newest = try await client.newestEvents(id, min(count, Int.max - 1) + 1, types: types)
            if newest.count > count { position = EventPosition(after: newest.removeFirst().cursor) }
            phase = .waiting
            isCaughtUp = true
            return consume(newest)
        case .reading(let cursor):
            let page = try await read(cursor, longPoll: nil)
            return endStep(page, after: cursor, consume(page?.events ?? []))
        case .waiting:
            if mustPoll { try await client.configuration.pause(backoff.pauseBeforePoll) }
            let cursor = position.start?.text
            let begun = ContinuousClock.now
            let page = try await read(cursor, longPoll: .init(tag: tag))
            let changed = page == nil ? [] : try await changedPrompts()
            // An unknown status may also be the last one.
            let events = changed.filter { $0.status?.isOpen == true } + consume(page?.events ?? [])
            ended += changed.filter { $0.status?.isOpen != true }
            let isQuick = tag != nil && ContinuousClock.now - begun < .seconds(1)
            if let page { tag = page.tag }
            mustPoll = tag == nil || (isQuick && changed.isEmpty && events.isEmpty)
            return page == nil ? [] : endStep(page, after: cursor, events)
        }
    }

    /// Reads one page, or a smaller one when the events are too large for the client.
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

    /// Moves to the next page or round. Final statuses wait until everything before them is read.
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

    private mutating func consume(_ events: [BoxEvent]) -> [BoxEvent] {
        events.filter { event in
            let before = position.start
            guard position.consume(event) else { return false }
            prompts.record(event, before: before)
            return true
        }
    }

    private mutating func changedPrompts() async throws -> [BoxEvent] {
        for prompt in prompts.unconfirmed {
            prompts.record(try await client.runIfAvailable(id, prompt: prompt), of: prompt)
        }
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
        for event in changed { prompts.record(event, before: nil) }
        return changed
    }
}

extension BoxClient {
    /// The state of a run; nil when it can't be read now. The events may contain it later.
    func runIfAvailable(_ id: String, prompt: String) async throws -> PromptRun? {
        do {
            return try await promptRunStatus(id, prompt: prompt)
        } catch is BoxError {
            return nil
        }
    }

    /// Detects a server that returns the same page again and again, which would make the loop endless.
    fileprivate func checkProgress(_ page: EventPage, after cursor: String?) throws(BoxError) {
        guard let next = page.nextCursor else { return }
        if next == cursor || page.events.isEmpty {
            throw unexpectedShape("it says that there is more, and leads to no more")
        }
    }

    /// The newest `count` events, oldest first.
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
