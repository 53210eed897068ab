import BoxModel

/// How far a box's events are read.
struct EventPosition: Sendable, Equatable {
    /// The last event before the newest moment; nil while there is none.
    private(set) var start: PageCursor?
    /// The last event of the newest moment.
    private var newest: PageCursor?
    /// What was seen after ``start``.
    private var seen: Set<String> = []

    /// - Parameter cursor: of an event that counts as read.
    init(after cursor: PageCursor? = nil) {
        start = cursor
        newest = cursor
    }

    /// - Returns: whether the event is new.
    mutating func take(_ event: BoxEvent) -> Bool {
        if let start, event.cursor == start { return false }
        guard !seen.contains(event.identity) else { return false }
        if let newest, let cursor = event.cursor, cursor.moment > newest.moment {
            start = newest
            seen = []
        }
        seen.insert(event.identity)
        if let cursor = event.cursor, newest.map({ cursor.isAfter($0) }) ?? true { newest = cursor }
        return true
    }
}

extension PageCursor {
    fileprivate func isAfter(_ other: PageCursor) -> Bool {
        moment == other.moment ? other.id.utf8.lexicographicallyPrecedes(id.utf8) : moment > other.moment
    }
}

/// Prompts that aren't at their end, with the status that was told last.
struct OpenPrompts: Sendable, Equatable {
    private struct Entry: Equatable {
        var status: PromptStatus
        var before: PageCursor?
        /// Whether its run was asked, and isn't over.
        var isAsked = false
    }

    private var entries: [String: Entry] = [:]

    var isEmpty: Bool { entries.isEmpty }

    /// A place before all of them; nil for the beginning.
    var start: PageCursor? {
        let places = entries.values.map(\.before)
        return places.contains(nil) ? nil : places.compactMap { $0 }.min { $0.moment < $1.moment }
    }

    /// Keeps an event that is told now, if it is a prompt.
    ///
    /// - Parameter before: a place before it, when it is new.
    mutating func note(_ event: BoxEvent, before: PageCursor?) {
        guard let id = event.id, let status = event.status else { return }
        entries[id] = status.isFinal ? nil : Entry(status: status, before: entries[id]?.before ?? before)
    }

    /// Those whose status isn't known here and could be the last one.
    var unconfirmed: [String] { entries.filter { !$0.value.status.isOpen && !$0.value.isAsked }.map(\.key).sorted() }

    /// Keeps what a run says about an unconfirmed prompt; nil when it can't be asked.
    mutating func note(_ run: PromptRun?, of id: String) {
        if run?.isOver == true { entries[id] = nil } else { entries[id]?.isAsked = true }
    }

    func isChanged(_ event: BoxEvent) -> Bool {
        guard let id = event.id, let entry = entries[id], let status = event.status else { return false }
        return status != entry.status
    }
}

/// When to ask again: after failures, and servers that can't wait for news.
struct EventBackoff: Sendable, Equatable {
    private var hasAnswer = false
    private var failures = 0
    private var unusableAnswers = 0
    private var quietRounds = 0

    mutating func succeeded(withNews hasNews: Bool) {
        hasAnswer = true
        (failures, unusableAnswers) = (0, 0)
        quietRounds = hasNews ? 0 : quietRounds + 1
    }

    /// How often in a row an answer may be unusable.
    private static let maximumUnusable = 10

    /// Whether an error can pass, in a connection that has worked before.
    func mayTryAgain(after error: BoxError) -> Bool {
        if case .invalidResponse = error, unusableAnswers >= Self.maximumUnusable { return false }
        return hasAnswer && error.isTransient
    }

    /// What the server asks for, and else from a tenth of a second to five seconds, less up to half by chance.
    mutating func pauseAfterFailure(_ error: BoxError) -> Duration {
        let full = min(Duration.milliseconds(100) * (1 << min(failures, 6)), .seconds(5))
        failures += 1
        if case .invalidResponse = error { unusableAnswers += 1 }
        var pause = full * Double.random(in: 0.5...1)
        if case .api(let failure) = error, let asked = failure.retryAfter {
            pause = max(pause, .seconds(min(asked, 600)))
        }
        return pause
    }

    /// From a quarter of a second to one second, the longer nothing happens.
    var pauseBeforePoll: Duration { min(.milliseconds(250) + .milliseconds(125) * quietRounds, .seconds(1)) }
}
