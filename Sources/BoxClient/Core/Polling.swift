/// The pauses and the end of asking again and again.
package struct Polling: Sendable {
    private let start = ContinuousClock.now
    private let timeout: Duration
    private let maximumPause: Duration
    private var pause: Duration
    /// Pauses count as they were asked for, so that a test's clock need not move.
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
        // A self-hosted box takes a tenth of a second: until well after that, asking often is what makes it quick.
        if paused >= .milliseconds(200) { pause = min(pause * 1.3, maximumPause) }
    }
}
