import BoxModel

/// Events of a box as they come, each once and in their order, through broken connections.
///
/// It asks the server only while somebody iterates. A cancelled task gets `CancellationError`, and its transfer is aborted.
/// Each iteration starts anew.
public struct EventStream: AsyncSequence, Sendable {
    /// What it consists of.
    public typealias Element = BoxEvent

    let follower: EventFollower
    let timeout: Duration?

    /// Reads one event after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var rounds: FollowerRounds<EventFollower>

        init(_ stream: EventStream) { rounds = FollowerRounds(stream.follower, timeout: stream.timeout) }

        /// The next event; nil when the time is up.
        ///
        /// - Throws: ``BoxError`` as ``EventFollower/next()``, and `CancellationError`.
        public mutating func next() async throws -> BoxEvent? {
            switch try await rounds.next({ try await $0.next() }) {
            case .event(let event): event
            case .end, .timeout: nil
            }
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

/// The events of one prompt, until its run is over. The event with its last status comes last.
///
/// The prompt is queued once, however often the stream is iterated: each iteration begins with the prompt.
public struct PromptStream: AsyncSequence, Sendable {
    /// What it consists of.
    public typealias Element = BoxEvent

    /// What the server said to the prompt; ``BoxClient/interrupt(_:)`` and ``BoxClient/promptRunStatus(_:prompt:)`` are for
    /// the rest.
    public let queued: QueuedPrompt
    let follower: PromptFollower
    let boxID: String
    let timeout: Duration?

    /// Reads one event after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let stream: PromptStream
        private var rounds: FollowerRounds<PromptFollower>

        init(_ stream: PromptStream) {
            self.stream = stream
            rounds = FollowerRounds(stream.follower, timeout: stream.timeout)
        }

        /// The next event; nil when the prompt's run is over.
        ///
        /// - Throws: ``BoxError/promptTimedOut(id:prompt:lastStatus:seconds:)``, what ``EventFollower/next()`` throws, and
        ///   `CancellationError`.
        public mutating func next() async throws -> BoxEvent? {
            switch try await rounds.next({ try await $0.next() }) {
            case .event(let event): return event
            case .end: return nil
            case .timeout:
                throw BoxError.promptTimedOut(
                    id: stream.boxID, prompt: stream.queued.promptID, lastStatus: rounds.follower.status,
                    seconds: Int(stream.timeout?.components.seconds ?? 0))
            }
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

extension BoxClient {
    /// A box's events as they come, for as long as somebody iterates. `GET /boxes/{id}/events`.
    ///
    /// - Parameters:
    ///   - types: such as `prompt`, `response` and `git_checkpoint`; all when empty.
    ///   - includeExisting: whether to begin with everything so far. Otherwise it begins with what comes after the first
    ///     event is asked for.
    ///   - timeout: after which the stream ends; nil for never.
    ///   - onInterruption: told of each failure that is survived: everything but refusals, once the first answer was there.
    public func streamEvents(
        _ id: String, types: [String] = [], includeExisting: Bool = false, timeout: Duration? = nil,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) -> EventStream {
        streamEvents(
            id, types: types, from: includeExisting ? .beginning : .newest(0), timeout: timeout,
            onInterruption: onInterruption)
    }

    /// The same from another place, such as the last event that a program has seen.
    public func streamEvents(
        _ id: String, types: [String] = [], from start: EventFollower.Start, timeout: Duration? = nil,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) -> EventStream {
        let follower = EventFollower(self, box: id, types: types, start: start, onInterruption: onInterruption)
        return EventStream(follower: follower, timeout: timeout)
    }

    /// Queues work for the box's agent and gives the events of it until it is over. `POST /boxes/{id}/prompt`, which is
    /// never sent twice, and then `GET /boxes/{id}/events`.
    ///
    /// Ending the iteration doesn't end the work: ``interrupt(_:)`` does.
    ///
    /// - Parameters:
    ///   - timeout: of an iteration, in which the run must be over; nil for none.
    ///   - onInterruption: told of each failure that is survived.
    /// - Throws: what ``prompt(_:_:)`` throws.
    public func streamPrompt(
        _ id: String, _ request: PromptRequest, timeout: Duration? = nil,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) async throws -> PromptStream {
        // What is there before the prompt needn't be read again.
        let last = try await events(id, EventQuery(limit: 1, sort: .descending)).events.first
        let queued = try await prompt(id, request)
        let follower = PromptFollower(
            self, box: id, prompt: queued.promptID, after: last?.cursor, onInterruption: onInterruption)
        return PromptStream(queued: queued, follower: follower, boxID: id, timeout: timeout)
    }
}
