/// Splits the rounds of events from a follower into single events, until a deadline.
struct FollowerRounds<Follower: Sendable> {
    enum Step {
        case event(BoxEvent)
        /// The follower has no more events.
        case end
        case timeout
    }

    private(set) var follower: Follower
    private var waiting: [BoxEvent] = []
    private let deadline: Deadline

    init(_ follower: Follower, timeout: Duration?) {
        self.follower = follower
        deadline = Deadline(after: timeout)
    }

    /// - Parameter round: gets the follower's next events; nil when there are no more.
    mutating func next(_ round: @escaping @Sendable (inout Follower) async throws -> [BoxEvent]?) async throws -> Step {
        while waiting.isEmpty {
            let before = follower
            let result = try await deadline.run {
                var follower = before
                return (try await round(&follower), follower)
            }
            guard let (events, after) = result else { return .timeout }
            guard let events else { return .end }
            // In reverse order, so that removing the next one is cheap.
            (waiting, follower) = (events.reversed(), after)
        }
        return .event(waiting.removeLast())
    }
}
