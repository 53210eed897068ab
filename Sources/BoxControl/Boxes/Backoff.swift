/// When to retry a failed action: after one second at first, then twice as long each time, at most five minutes.
struct Backoff: Sendable {
    private(set) var failures = 0
    private var next = ContinuousClock.now

    static let longest = Duration.seconds(300)

    /// The delay after that many failures.
    static func delay(after failures: Int) -> Duration { min(.seconds(1 << min(max(failures - 1, 0), 16)), longest) }

    var isOver: Bool { ContinuousClock.now >= next }

    mutating func recordFailure() {
        failures += 1
        next = .now + Self.delay(after: failures)
    }
}
