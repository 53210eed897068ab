import BoxModel

/// The events of a box as they arrive, each once and in order. Broken connections are made again.
///
/// It sends requests only while it is being iterated. A cancelled task gets `CancellationError`, and its transfer is
/// aborted. Each iteration starts from the beginning.
public struct EventStream: AsyncSequence, Sendable {
    /// An event of the box.
    public typealias Element = BoxEvent

    let follower: EventFollower
    let timeout: Duration?

    /// Reads one event after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var rounds: FollowerRounds<EventFollower>

        init(_ stream: EventStream) { rounds = FollowerRounds(stream.follower, timeout: stream.timeout) }

        /// The next event; nil at the time limit.
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

/// The events of one prompt until its run is over. The event with the final status comes last.
///
/// The prompt is queued only once. Each iteration starts with the prompt.
public struct PromptStream: AsyncSequence, Sendable {
    /// An event of the prompt.
    public typealias Element = BoxEvent

    /// The server's answer to the prompt. Use ``BoxClient/interrupt(_:)`` and ``BoxClient/promptRunStatus(_:prompt:)``
    /// to control it.
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
        /// - Throws: ``BoxError/promptTimedOut(id:prompt:lastStatus:seconds:)``, the errors of
        ///   ``EventFollower/next()``, and `CancellationError`.
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
    /// Streams a box's events as long as the stream is iterated. `GET /boxes/{id}/events`.
    ///
    /// - Parameters:
    ///   - types: such as `prompt`, `response` and `git_checkpoint`; all when empty.
    ///   - includeExisting: whether to start with all existing events. Otherwise it starts with the first event after the
    ///     iteration has started.
    ///   - timeout: the time after which the stream ends; nil for no limit.
    ///   - onInterruption: called before each retry. Refusals, and failures before the first answer, aren't retried.
    public func streamEvents(
        _ id: String, types: [String] = [], includeExisting: Bool = false, timeout: Duration? = nil,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) -> EventStream {
        streamEvents(
            id, types: types, from: includeExisting ? .beginning : .newest(0), timeout: timeout,
            onInterruption: onInterruption)
    }

    /// Does the same from another position, such as the last event that a program has seen.
    public func streamEvents(
        _ id: String, types: [String] = [], from start: EventFollower.Start, timeout: Duration? = nil,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) -> EventStream {
        let follower = EventFollower(self, box: id, types: types, start: start, onInterruption: onInterruption)
        return EventStream(follower: follower, timeout: timeout)
    }

    /// Queues a prompt for the box's agent and streams its events until its run is over.
    ///
    /// It sends `POST /boxes/{id}/prompt`, which is never sent twice, and then `GET /boxes/{id}/events`. Ending the
    /// iteration doesn't end the work: ``interrupt(_:)`` does.
    ///
    /// - Parameters:
    ///   - timeout: the time in which the run must be over, per iteration; nil for no limit.
    ///   - onInterruption: called before each retry.
    /// - Throws: the errors of ``prompt(_:_:)``.
    public func streamPrompt(
        _ id: String, _ request: PromptRequest, timeout: Duration? = nil,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void = { _ in }
    ) async throws -> PromptStream {
        let (queued, follower) = try await followPrompt(id, request, onInterruption: onInterruption)
        return PromptStream(queued: queued, follower: follower, boxID: id, timeout: timeout)
    }

    /// Queues a prompt and gives what reads its events.
    package func followPrompt(
        _ id: String, _ request: PromptRequest,
        onInterruption: @escaping @Sendable (EventFollower.Interruption) -> Void
    ) async throws -> (queued: QueuedPrompt, follower: PromptFollower) {
        // Events before the prompt needn't be read again.
        let last = try await events(id, EventQuery(limit: 1, sort: .descending)).events.first
        let queued = try await prompt(id, request)
        let follower = PromptFollower(
            self, box: id, prompt: queued.promptID, after: last?.cursor, onInterruption: onInterruption)
        return (queued, follower)
    }
}
