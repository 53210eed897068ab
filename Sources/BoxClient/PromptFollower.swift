import BoxModel

/// Reads the events of one prompt until its run is over. The event with its last status comes last.
public struct PromptFollower: Sendable {
    private let client: BoxClient
    private let id: String
    private let prompt: String
    private var follower: EventFollower
    /// Rounds without news of the prompt.
    private var quietRounds = 0
    /// The last status that is known.
    public private(set) var status: PromptStatus = .queued

    /// - Parameter cursor: of the box's last event before the prompt.
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
    public mutating func next() async throws -> [BoxEvent]? {
        if status.isFinal { return nil }
        var events = try await follower.next().filter { $0.promptID == prompt }
        quietRounds = events.isEmpty ? quietRounds + 1 : 0
        if let ending = events.firstIndex(where: { $0.status?.isFinal == true }) {
            // A prompt that is over when it is first seen stands before its responses.
            let event = events.remove(at: ending)
            while !follower.isCaughtUp { events += try await follower.next().filter { $0.promptID == prompt } }
            events.append(event)
        } else if quietRounds.isMultiple(of: 10), quietRounds > 0 {
            // Some servers tell the end only here.
            if let run = try? await client.promptRunStatus(id, prompt: prompt), run.status.isFinal {
                status = run.status
                return try await follower.next().filter { $0.promptID == prompt }
            }
        }
        status = events.last { $0.status != nil }?.status ?? status
        return events
    }
}
