import BoxModel

/// Reads the events of one prompt until its run is over. The event with its last status comes last.
///
/// A status that isn't known here could be the last one, so the prompt's run is asked then.
public struct PromptFollower: Sendable {
    private let client: BoxClient
    private let id: String
    private let prompt: String
    private var follower: EventFollower
    /// Rounds without news of the prompt.
    private var quietRounds = 0
    /// Whether no more comes.
    private var isOver = false
    /// The last status that is known.
    public private(set) var status: PromptStatus = .queued

    /// - Parameters:
    ///   - cursor: of the box's last event before the prompt.
    ///   - onInterruption: told of each failure that is survived.
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
    /// - Throws: as ``EventFollower/next()``.
    public mutating func next() async throws -> [BoxEvent]? {
        if isOver { return nil }
        var events = try await ownEvents()
        quietRounds = events.isEmpty ? quietRounds + 1 : 0
        let known = events.last { $0.status != nil }?.status ?? status
        if known.isFinal {
            isOver = true
        } else if !known.isOpen || (quietRounds > 0 && quietRounds.isMultiple(of: 10)) {
            // Some servers tell the end only here.
            if let run = try await client.runIfTold(id, prompt: prompt), run.isOver {
                (isOver, status) = (true, run.status)
                // What came between the last look at the events and the end of the run.
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

    /// A prompt that is over when it is first seen stands before its responses.
    private mutating func withLastStatusAtEnd(_ events: [BoxEvent]) async throws -> [BoxEvent] {
        var events = events
        while !follower.isCaughtUp { events += try await ownEvents() }
        if let ending = events.lastIndex(where: { $0.status?.isOpen == false }) {
            events.append(events.remove(at: ending))
        }
        return events
    }
}
