import BoxModel
import BoxStore

extension LimitUsage {
    private var quotas: JSON {
        [
            "activeBoxes": JSON(limits.activeBoxes), "creationRatePerMinute": JSON(limits.creationsPerMinute),
            "creationRequestsPerDay": JSON(limits.creationsPerDay),
        ]
    }

    /// The members that `GET /limits` and limit errors share. Clients read the billing members, so a self-hosted server
    /// sends them too, with values that mean it has no billing.
    var json: JSONObject {
        let counts: JSONObject = [
            "activeBoxes": JSON(active), "maxActiveBoxes": JSON(limits.activeBoxes),
            "maxCreationRequestsPerMinute": JSON(limits.creationsPerMinute),
            "maxCreationRequestsPerDay": JSON(limits.creationsPerDay),
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
