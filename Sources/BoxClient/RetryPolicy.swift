import BoxModel

/// When a request is tried again. Only requests that are safe to repeat come here: reads, and creations
/// with an idempotency key.
public struct RetryPolicy: Sendable, Equatable {
    /// All tries, the first one too.
    public var maximumTries: Int
    /// Before the second try; each further pause is three times as long, less up to half by chance.
    public var firstPause: Duration
    /// No try starts later than this after the first one.
    public var timeLimit: Duration

    /// The policy of clients that don't say otherwise, unless something is given.
    public init(
        maximumTries: Int = 3, firstPause: Duration = .milliseconds(100), timeLimit: Duration = .seconds(15)
    ) {
        self.maximumTries = maximumTries
        self.firstPause = firstPause
        self.timeLimit = timeLimit
    }

    /// Every request is tried once.
    public static let never = RetryPolicy(maximumTries: 1)

    /// The pause before the next try, or nil when the outcome stands.
    func pause(after outcome: Result<HTTPResponse, TransportError>, tries: Int, elapsed: Duration) -> Duration? {
        guard tries < maximumTries else { return nil }
        var pause = backoff(tries: tries)
        switch outcome {
        case .failure(let error):
            guard error.kind == .unreachable || error.kind == .interrupted else { return nil }
        case .success(let response):
            let asked = response.retryAfter.map { Duration.seconds($0) }
            switch response.status {
            case 502, 503, 504: pause = max(pause, asked ?? pause)
            // Without a time, a limit isn't one that passes soon.
            case 429: guard let asked else { return nil }; pause = max(pause, asked)
            default: return nil
            }
        }
        return elapsed + pause <= timeLimit ? pause : nil
    }

    private func backoff(tries: Int) -> Duration {
        var pause = firstPause
        for _ in 1..<max(tries, 1) { pause *= 3 }
        return pause * Double.random(in: 0.5...1)
    }
}
