import Synchronization

/// Limits the log lines about requests without a key, which any client can send. Above the limit, only their number is
/// logged.
package final class LogAllowance: Sendable {
    /// With lines of at most a few hundred bytes this is less than 20 MB a day.
    static let linesPerMinute = 30

    private struct State {
        var began = ContinuousClock.now
        var lines = 0
        var leftOut = 0
        /// The lines that were left out in earlier minutes.
        var unreported = 0

        mutating func advance(to now: ContinuousClock.Instant) {
            guard now - began >= .seconds(60) else { return }
            self = State(began: now, unreported: unreported + leftOut)
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Uses up one line of the limit.
    ///
    /// - Returns: whether a line may be written.
    package func consume(at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            state.advance(to: now)
            let isAllowed = state.lines < Self.linesPerMinute
            if isAllowed { state.lines += 1 } else { state.leftOut += 1 }
            return isAllowed
        }
    }

    /// How many lines were left out in earlier minutes; nil for none. Each is returned once.
    func leftOut(at now: ContinuousClock.Instant = .now) -> Int? {
        state.withLock { state in
            state.advance(to: now)
            defer { state.unreported = 0 }
            return state.unreported > 0 ? state.unreported : nil
        }
    }
}
