import BoxModel
import GRDB
import HTTPTypes

/// How much one account may have and do. Configuration of the server.
public struct ServerLimits: Sendable, Equatable {
    public var activeBoxes = 100
    public var creationsPerMinute = 120
    /// nil for no limit.
    public var creationsPerDay: Int?

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

    /// - Parameter creating: whether the rates of creation count, or only the number of active boxes.
    func refusal(of account: String, creating: Bool, in database: GRDB.Database) throws -> LimitRefusal? {
        let active = try Self.countActive(account, in: database)
        if active >= activeBoxes { return .active(active, of: activeBoxes) }
        guard creating else { return nil }
        let now = Timestamp.now
        func creations(_ seconds: Int) throws -> Int {
            try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM creation WHERE accountID = ? AND at > ?",
                arguments: [account, now.advanced(bySeconds: -seconds).milliseconds]) ?? 0
        }
        if try creations(60) >= creationsPerMinute { return .perMinute(creationsPerMinute) }
        if let creationsPerDay, try creations(86400) >= creationsPerDay { return .perDay(creationsPerDay) }
        return nil
    }

    private var quotas: JSON {
        [
            "activeBoxes": JSON(activeBoxes), "creationRatePerMinute": JSON(creationsPerMinute),
            "creationRequestsPerDay": JSON(creationsPerDay),
        ]
    }

    /// The members that `GET /limits` and limit errors share. A self-hosted server sells nothing: the billing members are
    /// there because clients read them, and say so.
    func json(activeNow: Int) -> JSONObject {
        let canStart = activeNow < activeBoxes
        let counts: JSONObject = [
            "activeBoxes": JSON(activeNow), "maxActiveBoxes": JSON(activeBoxes),
            "maxCreationRequestsPerMinute": JSON(creationsPerMinute),
            "maxCreationRequestsPerDay": JSON(creationsPerDay),
            "activeStates": .array(BoxState.active.map { .string($0.rawValue) }),
            "canStart": .bool(canStart),
            "startBlockedReason": canStart ? nil : "limit_reached", "blockedReason": nil, "currentLimits": quotas,
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

/// Why an account may not start another box now.
enum LimitRefusal: Sendable, Equatable {
    case active(Int, of: Int)
    case perMinute(Int)
    case perDay(Int)

    var error: APIError {
        switch self {
        case .active(let count, let limit):
            APIError(
                .tooManyRequests, .limitReached, "\(count) of \(limit) boxes are active: stop or delete one first",
                details: ["activeBoxes": JSON(count), "maxActiveBoxes": JSON(limit)])
        case .perMinute(let limit):
            APIError(
                .tooManyRequests, .rateLimited, "more than \(limit) boxes were created within a minute: wait a moment",
                details: ["maxCreationRequestsPerMinute": JSON(limit)])
        case .perDay(let limit):
            APIError(
                .tooManyRequests, .dailyLimitReached,
                "more than \(limit) boxes were created within a day: try again tomorrow",
                details: ["maxCreationRequestsPerDay": JSON(limit)])
        }
    }
}
