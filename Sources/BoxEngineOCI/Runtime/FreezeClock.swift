import Synchronization

/// Measures how long a machine has been frozen, so that this time counts for no timeout of what runs in it.
final class FreezeClock: Sendable {
    private struct State {
        var total = Duration.zero
        var since: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.since = $0.since ?? .now } }

    func end() {
        state.withLock { state in
            if let since = state.since { state.total += .now - since }
            state.since = nil
        }
    }

    var isFrozen: Bool { state.withLock { $0.since != nil } }

    /// The total time that it has been frozen so far.
    var total: Duration { state.withLock { state in state.total + (state.since.map { .now - $0 } ?? .zero) } }

    func waitUntilThawed() async throws {
        while isFrozen { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Sleeps until `time` has passed in which the machine was not frozen.
    func sleep(for time: Duration) async throws {
        var left = time
        while left > .zero {
            let before = total
            try await Task.sleep(for: left)
            try await waitUntilThawed()
            left = total - before
        }
    }
}
