import BoxModel

/// How much of its limits an account uses.
package struct LimitUsage: Sendable, Equatable {
    /// The account's own limits, and the server's for the others.
    package let limits: ServerLimits
    package let active: Int
    package var refusal: LimitRefusal?
}

/// Why an account may not start another box now. For a rate it includes the seconds until the next creation is allowed.
package enum LimitRefusal: Sendable, Equatable {
    case active(Int, of: Int)
    case perMinute(Int, retryAfter: Int)
    case perDay(Int, retryAfter: Int)

    package var error: APIError {
        switch self {
        case .active(let count, let limit):
            APIError(
                .limitReached, "\(count) of \(limit) boxes are active: stop or delete one first",
                details: ["activeBoxes": JSON(count), "maxActiveBoxes": JSON(limit)])
        case .perMinute(let limit, let seconds):
            APIError(
                .rateLimited,
                "\(limit) of \(limit) boxes a minute were created: try again in \(Self.words(seconds))",
                details: ["maxCreationRequestsPerMinute": JSON(limit)], retryAfter: seconds)
        case .perDay(let limit, let seconds):
            APIError(
                .dailyLimitReached,
                "\(limit) of \(limit) boxes a day were created: try again in \(Self.words(seconds))",
                details: ["maxCreationRequestsPerDay": JSON(limit)], retryAfter: seconds)
        }
    }

    /// The time for a message, rounded up to whole minutes or hours.
    private static func words(_ seconds: Int) -> String {
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        switch seconds {
        case ..<120: return count(seconds, "second")
        case ..<7200: return count((seconds + 59) / 60, "minute")
        default: return count((seconds + 3599) / 3600, "hour")
        }
    }
}
