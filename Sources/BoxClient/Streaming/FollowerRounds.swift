/// Takes the events that a follower brings round by round, one by one, until a deadline.
struct FollowerRounds<Follower: Sendable> {
    enum Step {
        case event(BoxEvent)
        /// The follower has no more.
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

    /// - Parameter round: asks the follower; nil when it has no more.
    mutating func next(_ round: @escaping @Sendable (inout Follower) async throws -> [BoxEvent]?) async throws -> Step {
        while waiting.isEmpty {
            let before = follower
            let result = try await deadline.run {
                var follower = before
                return (try await round(&follower), follower)
            }
            guard let (events, after) = result else { return .timeout }
            guard let events else { return .end }
            // The last comes first, so that taking one is cheap.
            (waiting, follower) = (events.reversed(), after)
        }
        return .event(waiting.removeLast())
    }
}
