import BoxModel
import GRDB

/// What counts against the limits, from the database.
extension ServerLimits {
    /// In milliseconds: how far back creations are counted.
    static let longestWindow: Int64 = 86_400_000

    /// Boxes that count: those that run, and those that are about to.
    private static let countedStates = (BoxState.active + [.initial, .provisioning])
        .map { "'\($0.rawValue)'" }.joined(separator: ", ")

    static func countActive(_ account: String, in database: GRDB.Database) throws -> Int {
        try BoxRow.filter(sql: "accountID = ? AND NOT isDeleting AND state IN (\(countedStates))", arguments: [account])
            .fetchCount(database)
    }

    /// Why the account may not start another box now, or nil.
    ///
    /// - Parameter creating: whether the rates of creation count, or only the number of active boxes.
    /// - Throws: ``APIError/unauthorized`` when the account is on its way out.
    package func refusal(of account: String, creating: Bool, in database: GRDB.Database) throws -> LimitRefusal? {
        try usage(of: account, creating: creating, in: database).refusal
    }

    /// What the account has and may have now.
    package func usage(of account: String, creating: Bool = true, in database: GRDB.Database) throws -> LimitUsage {
        let limits = applied(to: try Account.usable(account, in: database))
        let active = try Self.countActive(account, in: database)
        var usage = LimitUsage(limits: limits, active: active)
        if active >= limits.activeBoxes {
            usage.refusal = .active(active, of: limits.activeBoxes)
        } else if creating {
            // The day first: its end comes after the minute's.
            usage.refusal = try limits.rateRefusal(of: account, in: database)
        }
        return usage
    }

    private func rateRefusal(of account: String, in database: GRDB.Database) throws -> LimitRefusal? {
        let now = Timestamp.now.milliseconds
        /// In seconds: when the next creation within the window is possible; nil for now.
        func wait(_ window: Int64, _ limit: Int) throws -> Int? {
            // The creation that has to leave the window first: the limit's own number from the newest.
            let moment = try Int64.fetchOne(
                database,
                sql: """
                    SELECT at FROM creation WHERE accountID = ? AND at > ? AND at <= ? ORDER BY at DESC LIMIT 1 OFFSET ?
                    """,
                // What was created while the clock was ahead doesn't count: nobody knows when that was.
                arguments: [account, now - window, now, limit - 1])
            return moment.map { Int(min(max($0 + window - now, 1), window) + 999) / 1000 }
        }
        if let limit = creationsPerDay, let seconds = try wait(Self.longestWindow, limit) {
            return .perDay(limit, retryAfter: seconds)
        }
        return try wait(60_000, creationsPerMinute).map { .perMinute(creationsPerMinute, retryAfter: $0) }
    }
}
