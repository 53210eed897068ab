import BoxModel
import GRDB
import HTTPTypes

/// How much one account may have and do, where the account has no limits of its own. Configuration of the server.
public struct ServerLimits: Sendable, Equatable {
    public var activeBoxes = 100
    public var creationsPerMinute = 120
    /// nil for no limit.
    public var creationsPerDay: Int?
    /// Whether boxes may have user namespaces of their own: see ``MachineSpec/allowsNested``.
    public var allowsNested = true

    public init() {}

    /// In milliseconds: how far back creations are counted.
    static let longestWindow: Int64 = 86_400_000

    /// Boxes that count: those that run, and those that are about to.
    private static let countedStates = (BoxState.active + [.initial, .provisioning])
        .map { "'\($0.rawValue)'" }.joined(separator: ", ")

    static func countActive(_ account: String, in database: GRDB.Database) throws -> Int {
        try BoxRow.filter(sql: "accountID = ? AND NOT isDeleting AND state IN (\(countedStates))", arguments: [account])
            .fetchCount(database)
    }

    /// These limits with those that the account has of its own.
    func applied(to account: Account) -> ServerLimits {
        var limits = self
        if let count = account.maxBoxes { limits.activeBoxes = count }
        if let count = account.maxPerMinute { limits.creationsPerMinute = count }
        if let count = account.maxPerDay { limits.creationsPerDay = count == 0 ? nil : count }
        if let allowed = account.allowsNested { limits.allowsNested = allowed }
        return limits
    }

    /// Why the account may not start another box now, or nil.
    ///
    /// - Parameter creating: whether the rates of creation count, or only the number of active boxes.
    /// - Throws: ``APIError/unauthorized`` when the account is on its way out.
    func refusal(of account: String, creating: Bool, in database: GRDB.Database) throws -> LimitRefusal? {
        try usage(of: account, creating: creating, in: database).refusal
    }

    /// What the account has and may have now.
    func usage(of account: String, creating: Bool = true, in database: GRDB.Database) throws -> LimitUsage {
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

    private var quotas: JSON {
        [
            "activeBoxes": JSON(activeBoxes), "creationRatePerMinute": JSON(creationsPerMinute),
            "creationRequestsPerDay": JSON(creationsPerDay),
        ]
    }

    /// The members that `GET /limits` and limit errors share. A self-hosted server sells nothing: the billing members are
    /// there because clients read them, and say so.
    fileprivate func json(activeNow: Int, refusal: LimitRefusal?) -> JSONObject {
        let counts: JSONObject = [
            "activeBoxes": JSON(activeNow), "maxActiveBoxes": JSON(activeBoxes),
            "maxCreationRequestsPerMinute": JSON(creationsPerMinute),
            "maxCreationRequestsPerDay": JSON(creationsPerDay),
            "activeStates": .array(BoxState.active.map { .string($0.rawValue) }),
            "canStart": .bool(refusal == nil),
            "startBlockedReason": JSON(refusal?.error.code.rawValue), "blockedReason": nil, "currentLimits": quotas,
            "standardLimits": quotas, "trialLimits": quotas,
        ]
        return JSONObject((counts.members + Self.billing.members).map { ($0.key, $0.value) })
    }

    private static let billing: JSONObject = [
        "hasSubscription": false, "hasPaymentHistory": false, "billingStatus": "none", "subscriptionStatus": "none",
        "subscriptionCancelAtPeriodEnd": false, "subscriptionTrialEndsAt": nil, "subscriptionCurrentPeriodEnd": nil,
        "checkoutRequired": false, "accessTier": "standard", "creditBalanceSeconds": 0, "subscriptionQuotaSeconds": 0,
        "subscriptionRemainingSeconds": 0, "packBalanceSeconds": 0, "creditPurchasedSeconds": 0, "creditUsedSeconds": 0,
        "liveUsageSeconds": 0, "creditSecondsPerDollar": 0,
        "package": ["dollars": 0, "seconds": 0, "secondsPerDollar": 0],
        "upgradeEffects": [:],
        "contactMessage": "This server is self-hosted: whoever runs it sets its limits.",
    ]
}

/// What an account has of what it may have.
struct LimitUsage: Sendable, Equatable {
    /// The account's own where it has some.
    let limits: ServerLimits
    let active: Int
    var refusal: LimitRefusal?

    var json: JSONObject { limits.json(activeNow: active, refusal: refusal) }
}

/// Why an account may not start another box now. A rate says after how many seconds it may again.
enum LimitRefusal: Sendable, Equatable {
    case active(Int, of: Int)
    case perMinute(Int, retryAfter: Int)
    case perDay(Int, retryAfter: Int)

    var error: APIError {
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

    /// As people say it, rounded up.
    private static func words(_ seconds: Int) -> String {
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        switch seconds {
        case ..<120: return count(seconds, "second")
        case ..<7200: return count((seconds + 59) / 60, "minute")
        default: return count((seconds + 3599) / 3600, "hour")
        }
    }
}
