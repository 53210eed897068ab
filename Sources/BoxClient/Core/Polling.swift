/// The pauses and the time limit of polling.
package struct Polling: Sendable {
    private let start = ContinuousClock.now
    private let timeout: Duration
    private let maximumPause: Duration
    private var pause: Duration
    /// Pauses count by their requested length, so that a test's clock need not move.
    private var paused = Duration.zero

    package init(timeout: Duration, firstPause: Duration = .milliseconds(20), maximumPause: Duration = .seconds(1)) {
        self.timeout = timeout
        self.maximumPause = maximumPause
        pause = firstPause
    }

    package var hasTimeLeft: Bool { timeLeft > .zero }
    package var timeLeft: Duration { timeout - max(paused, ContinuousClock.now - start) }

    package mutating func rest(_ sleep: @Sendable (Duration) async throws -> Void) async throws {
        try await sleep(pause)
        paused += pause
        // A self-hosted box starts in a tenth of a second. Until well after that, frequent requests make the wait
        // short.
        if paused >= .milliseconds(200) { pause = min(pause * 1.3, maximumPause) }
    }
}
