import BoxModel

/// The state that a wait ends with.
enum WaitGoal {
    case ready, idle, stopped

    func isReached(by state: BoxState) -> Bool {
        switch self {
        case .ready: [.ready, .idle, .running].contains(state)
        case .idle: state == .idle
        case .stopped: state == .archived
        }
    }

    /// Whether the box can't reach the goal any more. A box that is resumed may still be reported as stopped for a
    /// moment.
    func isOutOfReach(in state: BoxState, afterOthers: Bool) -> Bool {
        switch self {
        case .ready: state == .error || (afterOthers && (state == .archived || state == .archiving))
        case .idle: [.archived, .archiving, .error].contains(state)
        case .stopped: state == .error
        }
    }
}

extension BoxClient {
    /// Waits until the box can be used: ready, idle or running.
    ///
    /// - Parameters:
    ///   - box: its last known state, which saves the first request.
    ///   - timeout: ten minutes by default.
    ///   - onState: called once with each new state, including the first.
    /// - Throws: ``BoxError/unexpectedState(_:)``, ``BoxError/deletedWhileWaiting(id:)``,
    ///   ``BoxError/waitTimedOut(id:lastState:seconds:)`` and the errors of ``get(_:)``.
    public func waitUntilReady(
        _ id: String, from box: Box? = nil, timeout: Duration = .seconds(600),
        onState: @Sendable (Box) throws -> Void = { _ in }
    ) async throws -> Box {
        try await wait(id, for: .ready, from: box, timeout: timeout, onState: onState)
    }

    /// Waits until the box is stopped and its disk is kept. See ``waitUntilReady(_:from:timeout:onState:)``.
    public func waitUntilStopped(
        _ id: String, from box: Box? = nil, timeout: Duration = .seconds(600),
        onState: @Sendable (Box) throws -> Void = { _ in }
    ) async throws -> Box {
        try await wait(id, for: .stopped, from: box, timeout: timeout, onState: onState)
    }

    /// Waits until the box's agent is idle. The wait fails when the box is stopped, or stops meanwhile. See
    /// ``waitUntilReady(_:from:timeout:onState:)``.
    public func waitUntilIdle(
        _ id: String, from box: Box? = nil, timeout: Duration = .seconds(600),
        onState: @Sendable (Box) throws -> Void = { _ in }
    ) async throws -> Box {
        try await wait(id, for: .idle, from: box, timeout: timeout, onState: onState)
    }

    private func wait(
        _ id: String, for goal: WaitGoal, from known: Box?, timeout: Duration,
        onState: @Sendable (Box) throws -> Void
    ) async throws -> Box {
        var polling = Polling(timeout: timeout)
        var box = known
        var (lastState, tag): (BoxState?, String?)
        var wasStarting = false
        while true {
            if let box {
                if box.state != lastState { try onState(box) }
                lastState = box.state
                if goal.isReached(by: box.state) { return box }
                if goal.isOutOfReach(in: box.state, afterOthers: wasStarting) { throw BoxError.unexpectedState(box) }
                wasStarting = wasStarting || ![.archived, .archiving].contains(box.state)
                guard polling.hasTimeLeft else {
                    let seconds = Int(timeout.components.seconds)
                    throw BoxError.waitTimedOut(id: id, lastState: box.state, seconds: seconds)
                }
                // A server that supports long polls needs no pause between requests.
                if tag == nil { try await polling.rest(configuration.pause) }
            }
            do {
                let longPoll = LongPoll(tag: tag, wait: min(25, max(1, Int(polling.timeLeft.components.seconds))))
                let begun = ContinuousClock.now
                let answer = try await get(id, longPoll: longPoll)
                // A long poll that returns immediately without a change would cause requests without a pause.
                let isIdle =
                    tag != nil && ContinuousClock.now - begun < .seconds(1) && answer?.info.box.state == lastState
                if let answer { (box, tag) = (answer.info.box, answer.tag) }
                if isIdle || (answer == nil && ContinuousClock.now - begun < .seconds(1)) { tag = nil }
            } catch BoxError.api(let failure) where failure.code == .notFound && lastState != nil {
                throw BoxError.deletedWhileWaiting(id: id)
            }
        }
    }
}
