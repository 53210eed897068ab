import BoxModel

/// When a request is tried again: reads, and creations with an idempotency key, after what may pass; and every request that was
/// refused with 429 and a time in `Retry-After`, because then nothing was done.
public struct RetryPolicy: Sendable, Equatable {
    /// All tries, the first one too.
    public var maximumTries: Int
    /// Before the second try; each further pause is three times as long, less up to half by chance.
    public var firstPause: Duration
    /// No try starts later than this after the first one.
    public var timeLimit: Duration
    /// The same for commands and files, which are refused with 429 while a box has too many of them at once. Their tries aren't
    /// counted.
    public var busyTimeLimit: Duration

    /// The policy of clients that don't say otherwise, unless something is given.
    public init(
        maximumTries: Int = 3, firstPause: Duration = .milliseconds(100), timeLimit: Duration = .seconds(15),
        busyTimeLimit: Duration = .seconds(60)
    ) {
        self.maximumTries = maximumTries
        self.firstPause = firstPause
        self.timeLimit = timeLimit
        self.busyTimeLimit = busyTimeLimit
    }

    /// Every request is tried once.
    public static let never = RetryPolicy(maximumTries: 1)

    /// The pause before another try of a call that waits for a busy server, or nil when the outcome is something else or
    /// the time is up.
    func busyPause(after outcome: Result<HTTPResponse, TransportError>, elapsed: Duration) -> Duration? {
        guard maximumTries > 1, case .success(let response) = outcome, response.status == 429,
            let asked = response.retryAfter
        else { return nil }
        // Those who were refused together don't come back together.
        let pause = max(Duration.seconds(asked), firstPause) + firstPause * Double.random(in: 0...1)
        return elapsed + pause <= busyTimeLimit ? pause : nil
    }

    /// The pause before the next try, or nil when the outcome stands.
    func pause(
        after outcome: Result<HTTPResponse, TransportError>, tries: Int, elapsed: Duration, isRepeatable: Bool
    ) -> Duration? {
        guard tries < maximumTries, isRepeatable || outcome.isRefusedAsTooMany else { return nil }
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

extension Result<HTTPResponse, TransportError> {
    /// Refused with 429 before anything was done.
    fileprivate var isRefusedAsTooMany: Bool {
        if case .success(let response) = self { response.status == 429 } else { false }
    }
}
