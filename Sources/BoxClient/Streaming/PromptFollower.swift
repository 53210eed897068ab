import BoxModel

/// Reads the events of one prompt until its run is over. The event with the final status comes last.
///
/// An unknown status may be the final one, so then it reads the prompt's run.
public struct PromptFollower: Sendable {
    private let client: BoxClient
    private let id: String
    private let prompt: String
    private var follower: EventFollower
    /// The number of rounds without an event of the prompt.
    private var quietRounds = 0
    /// Whether no more events follow.
    private var isOver = false
    /// The last known status.
    public private(set) var status: PromptStatus = .queued

    /// - Parameters:
    ///   - cursor: of the box's last event before the prompt.
    ///   - onInterruption: called before each retry.
    public init(
        _ client: BoxClient, box id: String, prompt: String, after cursor: PageCursor?,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) {
        self.client = client
        self.id = id
        self.prompt = prompt
        follower = EventFollower(client, box: id, start: .after(cursor), onInterruption: onInterruption)
    }

    /// The next events, or nil when there are no more.
    ///
    /// - Throws: the errors of ``EventFollower/next()``.
    public mutating func next() async throws -> [BoxEvent]? {
        if isOver { return nil }
        var events = try await ownEvents()
        quietRounds = events.isEmpty ? quietRounds + 1 : 0
        let known = events.last { $0.status != nil }?.status ?? status
        if known.isFinal {
            isOver = true
        } else if !known.isOpen || (quietRounds > 0 && quietRounds.isMultiple(of: 10)) {
            // Some servers report the end only in the prompt's run.
            if let run = try await client.runIfAvailable(id, prompt: prompt), run.isOver {
                (isOver, status) = (true, run.status)
                // Read the events between the last round and the end of the run.
                if events.isEmpty { events = try await ownEvents() }
            }
        }
        if isOver { events = try await withLastStatusAtEnd(events) }
        status = events.last { $0.status != nil }?.status ?? status
        return events
    }

    private mutating func ownEvents() async throws -> [BoxEvent] {
        try await follower.next().filter { [prompt] in $0.promptID == prompt }
    }

    /// Moves the final status to the end. A prompt that is over when it is first seen comes before its responses.
    private mutating func withLastStatusAtEnd(_ events: [BoxEvent]) async throws -> [BoxEvent] {
        var events = events
        while !follower.isCaughtUp { events += try await ownEvents() }
        if let ending = events.lastIndex(where: { $0.status?.isOpen == false }) {
            events.append(events.remove(at: ending))
        }
        return events
    }
}
