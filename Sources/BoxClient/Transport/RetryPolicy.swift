import BoxModel

/// When a request is retried.
///
/// Reads, and creations with an idempotency key, are retried after transient failures. Every request is retried after a
/// 429 with a time in `Retry-After`, because the server did nothing then.
public struct RetryPolicy: Sendable, Equatable {
    /// The number of attempts, including the first.
    public var maximumTries: Int
    /// The pause before the second attempt. Each further pause is three times as long, and randomly up to half shorter.
    public var firstPause: Duration
    /// No attempt starts later than this after the first one.
    public var timeLimit: Duration
    /// The time limit for commands and files, which are refused with 429 while a box has too many of them at once.
    /// These attempts aren't counted.
    public var busyTimeLimit: Duration

    /// The default policy of clients, except for the given arguments.
    public init(
        maximumTries: Int = 3, firstPause: Duration = .milliseconds(100), timeLimit: Duration = .seconds(15),
        busyTimeLimit: Duration = .seconds(60)
    ) {
        self.maximumTries = maximumTries
        self.firstPause = firstPause
        self.timeLimit = timeLimit
        self.busyTimeLimit = busyTimeLimit
    }

    /// A policy without retries.
    public static let never = RetryPolicy(maximumTries: 1)

    /// The pause before the next attempt of a call that waits for a busy server. Nil after another outcome, or at the
    /// time limit.
    func busyPause(after outcome: Result<HTTPResponse, TransportError>, elapsed: Duration) -> Duration? {
        guard maximumTries > 1, case .success(let response) = outcome, response.status == 429,
            let requested = response.retryAfter
        else { return nil }
        // A random part, so that clients that were refused together don't retry together.
        let pause = max(Duration.seconds(requested), firstPause) + firstPause * Double.random(in: 0...1)
        return elapsed + pause <= busyTimeLimit ? pause : nil
    }

    /// The pause before the next attempt, or nil when the outcome is final.
    func pause(
        after outcome: Result<HTTPResponse, TransportError>, tries: Int, elapsed: Duration, isRepeatable: Bool
    ) -> Duration? {
        guard tries < maximumTries, isRepeatable || outcome.isRefusedAsTooMany else { return nil }
        var pause = backoff(tries: tries)
        switch outcome {
        case .failure(let error):
            guard error.kind == .unreachable || error.kind == .interrupted else { return nil }
        case .success(let response):
            let requested = response.retryAfter.map { Duration.seconds($0) }
            switch response.status {
            case 502, 503, 504: pause = max(pause, requested ?? pause)
            // A 429 without a time isn't a short limit.
            case 429: guard let requested else { return nil }; pause = max(pause, requested)
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
    /// Whether it was refused with 429, before the server did anything.
    fileprivate var isRefusedAsTooMany: Bool {
        if case .success(let response) = self { response.status == 429 } else { false }
    }
}
