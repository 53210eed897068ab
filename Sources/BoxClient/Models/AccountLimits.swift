import BoxModel

/// What the account may do now. Look at ``canStart`` and ``startBlockedReason`` before making boxes.
///
/// Servers without billing, such as boxd, leave the fields about it out, which are nil then.
public struct AccountLimits: APIAnswer {
    public let json: JSON

    /// - Parameter json: the answer to `GET /limits`.
    public init(json: JSON) { self.json = json }

    // MARK: What may be started

    /// Whether a box may be made or resumed now; true when the server doesn't say.
    public var canStart: Bool { json["canStart"]?.bool ?? true }
    /// Why not, for people.
    public var startBlockedReason: String? { json.text("startBlockedReason") }
    /// Why the account is blocked as a whole.
    public var blockedReason: String? { json.text("blockedReason") }
    /// Whether somebody has to pay first.
    public var checkoutRequired: Bool? { json["checkoutRequired"]?.bool }
    /// How to get more, for people.
    public var contactMessage: String? { json.text("contactMessage") }

    // MARK: Numbers of boxes

    /// How many boxes count against ``maximumActiveBoxes`` now.
    public var activeBoxes: Int? { json["activeBoxes"]?.int }
    /// The states in which a box counts.
    public var activeStates: [BoxState] { json.list("activeStates") { $0.string.map(BoxState.init(rawValue:)) } }
    /// Nil also when there is no such limit, as for the other maxima.
    public var maximumActiveBoxes: Int? { json["maxActiveBoxes"]?.int }
    /// Boxes made, in 24 hours.
    public var maximumCreationsPerDay: Int? { json["maxCreationRequestsPerDay"]?.int }
    /// Boxes made, in 60 seconds.
    public var maximumCreationsPerMinute: Int? { json["maxCreationRequestsPerMinute"]?.int }
    /// What holds for the account now.
    public var currentLimits: QuotaLimits? { quota("currentLimits") }
    /// What holds for accounts that pay.
    public var standardLimits: QuotaLimits? { quota("standardLimits") }
    /// What holds for accounts that try.
    public var trialLimits: QuotaLimits? { quota("trialLimits") }
    /// What would be different after an upgrade, in the server's own form.
    public var upgradeEffects: JSON? { present("upgradeEffects") }

    // MARK: Billing

    /// Such as `trial`.
    public var accessTier: String? { json["accessTier"]?.string }
    /// What was bought, in the server's own form.
    public var package: JSON? { present("package") }
    /// Whether anything was ever paid.
    public var hasPaymentHistory: Bool? { json["hasPaymentHistory"]?.bool }
    /// How the account stands with what it owes.
    public var billingStatus: String? { json["billingStatus"]?.string }
    /// Whether there is a subscription now.
    public var hasSubscription: Bool? { json["hasSubscription"]?.bool }
    /// How the subscription stands.
    public var subscriptionStatus: String? { json["subscriptionStatus"]?.string }
    /// Whether it ends with the current period.
    public var subscriptionCancelAtPeriodEnd: Bool? { json["subscriptionCancelAtPeriodEnd"]?.bool }
    /// When the trial ends.
    public var subscriptionTrialEndsAt: Timestamp? { json.time("subscriptionTrialEndsAt") }
    /// When the current period ends.
    public var subscriptionCurrentPeriodEnd: Timestamp? { json.time("subscriptionCurrentPeriodEnd") }
    /// Time of boxes that the subscription has in a period, in seconds.
    public var subscriptionQuotaSeconds: Double? { json.number("subscriptionQuotaSeconds") }
    /// What is left of it, in seconds.
    public var subscriptionRemainingSeconds: Double? { json.number("subscriptionRemainingSeconds") }
    /// Time that is left of packs, in seconds.
    public var packBalanceSeconds: Double? { json.number("packBalanceSeconds") }
    /// Time that was bought as credit, in seconds.
    public var creditPurchasedSeconds: Double? { json.number("creditPurchasedSeconds") }
    /// Credit that is used up, in seconds.
    public var creditUsedSeconds: Double? { json.number("creditUsedSeconds") }
    /// Credit that is left, in seconds.
    public var creditBalanceSeconds: Double? { json.number("creditBalanceSeconds") }
    /// What the boxes that run now have used and isn't counted yet, in seconds.
    public var liveUsageSeconds: Double? { json.number("liveUsageSeconds") }
    /// Seconds that a dollar buys.
    public var creditSecondsPerDollar: Double? { json.number("creditSecondsPerDollar") }

    private func quota(_ name: String) -> QuotaLimits? {
        json[name].flatMap { $0.object == nil ? nil : QuotaLimits(json: $0) }
    }

    private func present(_ name: String) -> JSON? { json[name].flatMap { $0.isNull ? nil : $0 } }
}

/// The numbers of a set of limits.
public struct QuotaLimits: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// Boxes at a time; nil also when there is no such limit, as for the others.
    public var activeBoxes: Int? { json["activeBoxes"]?.int }
    /// Boxes made, in 60 seconds.
    public var creationsPerMinute: Int? { json["creationRatePerMinute"]?.int }
    /// Boxes made, in 24 hours.
    public var creationsPerDay: Int? { json["creationRequestsPerDay"]?.int }
}
