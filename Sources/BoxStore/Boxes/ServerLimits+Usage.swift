import BoxModel
import GRDB

/// The use of the limits, counted in the database.
extension ServerLimits {
    /// In milliseconds: how long a creation counts.
    static let longestWindow: Int64 = 86_400_000

    /// The states of boxes that count: running ones and starting ones.
    private static let countedStates = (BoxState.active + [.initial, .provisioning])
        .map { "'\($0.rawValue)'" }.joined(separator: ", ")

    static func countActive(_ account: String, in database: GRDB.Database) throws -> Int {
        try BoxRow.filter(sql: "accountID = ? AND NOT isDeleting AND state IN (\(countedStates))", arguments: [account])
            .fetchCount(database)
    }

    /// Why the account may not start another box now, or nil.
    ///
    /// - Parameter creating: whether the creation rates count too, or only the number of active boxes.
    /// - Throws: ``APIError/unauthorized`` when the account is being removed.
    package func refusal(of account: String, creating: Bool, in database: GRDB.Database) throws -> LimitRefusal? {
        try usage(of: account, creating: creating, in: database).refusal
    }

    /// The account's limits and how much of them it uses now.
    package func usage(of account: String, creating: Bool = true, in database: GRDB.Database) throws -> LimitUsage {
        let limits = applied(to: try Account.usable(account, in: database))
        let active = try Self.countActive(account, in: database)
        var usage = LimitUsage(limits: limits, active: active)
        if active >= limits.activeBoxes {
            usage.refusal = .active(active, of: limits.activeBoxes)
        } else if creating {
            // The day's limit is checked first, because its window ends after the minute's.
            usage.refusal = try limits.rateRefusal(of: account, in: database)
        }
        return usage
    }

    private func rateRefusal(of account: String, in database: GRDB.Database) throws -> LimitRefusal? {
        let now = Timestamp.now.milliseconds
        /// The seconds until the window allows the next creation; nil when it allows one now.
        func wait(_ window: Int64, _ limit: Int) throws -> Int? {
            // The creation that has to leave the window first is the limit's own number, counted from the newest.
            let moment = try Int64.fetchOne(
                database,
                sql: """
                    SELECT at FROM creation WHERE accountID = ? AND at > ? AND at <= ? ORDER BY at DESC LIMIT 1 OFFSET ?
                    """,
                // A creation from while the clock was ahead doesn't count, because its real time isn't known.
                arguments: [account, now - window, now, limit - 1])
            return moment.map { Int(min(max($0 + window - now, 1), window) + 999) / 1000 }
        }
        if let limit = creationsPerDay, let seconds = try wait(Self.longestWindow, limit) {
            return .perDay(limit, retryAfter: seconds)
        }
        return try wait(60_000, creationsPerMinute).map { .perMinute(creationsPerMinute, retryAfter: $0) }
    }
}
