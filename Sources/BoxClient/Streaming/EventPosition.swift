import BoxModel

/// How far a box's events have been read.
struct EventPosition: Sendable, Equatable {
    /// The last event before the newest time; nil while there is none.
    private(set) var start: PageCursor?
    /// The last event of the newest time.
    private var newest: PageCursor?
    /// The identities of the events that were seen after ``start``.
    private var seen: Set<String> = []

    /// - Parameter cursor: of an event that counts as read.
    init(after cursor: PageCursor? = nil) {
        start = cursor
        newest = cursor
    }

    /// - Returns: whether the event is new.
    mutating func consume(_ event: BoxEvent) -> Bool {
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

/// The prompts that aren't finished, with their last reported status.
struct OpenPrompts: Sendable, Equatable {
    private struct Entry: Equatable {
        var status: PromptStatus
        var before: PageCursor?
        /// Whether its run was read and isn't over.
        var isFetched = false
    }

    private var entries: [String: Entry] = [:]

    var isEmpty: Bool { entries.isEmpty }

    /// A position before all of them; nil for the beginning.
    var start: PageCursor? {
        let cursors = entries.values.map(\.before)
        return cursors.contains(nil) ? nil : cursors.compactMap { $0 }.min { $0.moment < $1.moment }
    }

    /// Records an event that is being reported, if it is a prompt.
    ///
    /// - Parameter before: a position before the event, when it is new.
    mutating func record(_ event: BoxEvent, before: PageCursor?) {
        guard let id = event.id, let status = event.status else { return }
        entries[id] = status.isFinal ? nil : Entry(status: status, before: entries[id]?.before ?? before)
    }

    /// The prompts whose status is unknown to this version and may be the last one.
    var unconfirmed: [String] { entries.filter { !$0.value.status.isOpen && !$0.value.isFetched }.map(\.key).sorted() }

    /// Records the run of an unconfirmed prompt; nil when it couldn't be read.
    mutating func record(_ run: PromptRun?, of id: String) {
        if run?.isOver == true { entries[id] = nil } else { entries[id]?.isFetched = true }
    }

    func isChanged(_ event: BoxEvent) -> Bool {
        guard let id = event.id, let entry = entries[id], let status = event.status else { return false }
        return status != entry.status
    }
}

/// The pauses before requests: after failures, and between polls of a server without long polls.
struct EventBackoff: Sendable, Equatable {
    private var hasAnswer = false
    private var failures = 0
    private var unusableAnswers = 0
    private var quietRounds = 0

    mutating func succeeded(withEvents hasEvents: Bool) {
        hasAnswer = true
        (failures, unusableAnswers) = (0, 0)
        quietRounds = hasEvents ? 0 : quietRounds + 1
    }

    /// How many unusable answers in a row are retried.
    private static let maximumUnusable = 10

    /// Whether the error is transient, on a connection that has worked before.
    func mayTryAgain(after error: BoxError) -> Bool {
        if case .invalidResponse = error, unusableAnswers >= Self.maximumUnusable { return false }
        return hasAnswer && error.isTransient
    }

    /// The pause that the server requests. Otherwise it grows from 0.1 to 5 seconds, and is randomly up to half
    /// shorter.
    mutating func pauseAfterFailure(_ error: BoxError) -> Duration {
        let full = min(Duration.milliseconds(100) * (1 << min(failures, 6)), .seconds(5))
        failures += 1
        if case .invalidResponse = error { unusableAnswers += 1 }
        var pause = full * Double.random(in: 0.5...1)
        if case .api(let failure) = error, let requested = failure.retryAfter {
            pause = max(pause, .seconds(min(requested, 600)))
        }
        return pause
    }

    /// Grows from a quarter of a second to one second while nothing changes.
    var pauseBeforePoll: Duration { min(.milliseconds(250) + .milliseconds(125) * quietRounds, .seconds(1)) }
}
