import BoxModel

/// The limits that apply to the account now. Check ``canStart`` and ``startBlockedReason`` before you create boxes.
///
/// Servers without billing, such as boxd, omit the billing fields, which are then nil.
public struct AccountLimits: APIAnswer {
    public let json: JSON

    /// - Parameter json: the answer to `GET /limits`.
    public init(json: JSON) { self.json = json }

    // MARK: Permission to start boxes

    /// Whether a box may be created or resumed now; true when the server doesn't send it.
    public var canStart: Bool { json["canStart"]?.bool ?? true }
    /// Why no box may be started, for people.
    public var startBlockedReason: String? { json.text("startBlockedReason") }
    /// Why the whole account is blocked.
    public var blockedReason: String? { json.text("blockedReason") }
    /// Whether a payment is required first.
    public var checkoutRequired: Bool? { json["checkoutRequired"]?.bool }
    /// How to get a higher limit, for people.
    public var contactMessage: String? { json.text("contactMessage") }

    // MARK: Numbers of boxes

    /// How many boxes count against ``maximumActiveBoxes`` now.
    public var activeBoxes: Int? { json["activeBoxes"]?.int }
    /// The states in which a box counts.
    public var activeStates: [BoxState] { json.list("activeStates") { $0.string.map(BoxState.init(rawValue:)) } }
    /// The limit of ``activeBoxes``. Nil also when there is no limit, as for the other maxima.
    public var maximumActiveBoxes: Int? { json["maxActiveBoxes"]?.int }
    /// The limit of boxes created within 24 hours.
    public var maximumCreationsPerDay: Int? { json["maxCreationRequestsPerDay"]?.int }
    /// The limit of boxes created within 60 seconds.
    public var maximumCreationsPerMinute: Int? { json["maxCreationRequestsPerMinute"]?.int }
    /// The limits of the account now.
    public var currentLimits: QuotaLimits? { quota("currentLimits") }
    /// The limits of paying accounts.
    public var standardLimits: QuotaLimits? { quota("standardLimits") }
    /// The limits of trial accounts.
    public var trialLimits: QuotaLimits? { quota("trialLimits") }
    /// What would change after an upgrade, in the server's form.
    public var upgradeEffects: JSON? { present("upgradeEffects") }

    // MARK: Billing

    /// The account's tier, such as `trial`.
    public var accessTier: String? { json["accessTier"]?.string }
    /// The purchased package, in the server's form.
    public var package: JSON? { present("package") }
    /// Whether the account has ever paid.
    public var hasPaymentHistory: Bool? { json["hasPaymentHistory"]?.bool }
    /// The state of the account's payments.
    public var billingStatus: String? { json["billingStatus"]?.string }
    /// Whether there is a subscription now.
    public var hasSubscription: Bool? { json["hasSubscription"]?.bool }
    /// The state of the subscription.
    public var subscriptionStatus: String? { json["subscriptionStatus"]?.string }
    /// Whether it ends with the current period.
    public var subscriptionCancelAtPeriodEnd: Bool? { json["subscriptionCancelAtPeriodEnd"]?.bool }
    /// When the trial ends.
    public var subscriptionTrialEndsAt: Timestamp? { json.time("subscriptionTrialEndsAt") }
    /// When the current period ends.
    public var subscriptionCurrentPeriodEnd: Timestamp? { json.time("subscriptionCurrentPeriodEnd") }
    /// The seconds of box time that the subscription includes per period.
    public var subscriptionQuotaSeconds: Double? { json.number("subscriptionQuotaSeconds") }
    /// The seconds of it that are left.
    public var subscriptionRemainingSeconds: Double? { json.number("subscriptionRemainingSeconds") }
    /// The seconds that are left of purchased packs.
    public var packBalanceSeconds: Double? { json.number("packBalanceSeconds") }
    /// The seconds that were bought as credit.
    public var creditPurchasedSeconds: Double? { json.number("creditPurchasedSeconds") }
    /// The seconds of credit that are used.
    public var creditUsedSeconds: Double? { json.number("creditUsedSeconds") }
    /// The seconds of credit that are left.
    public var creditBalanceSeconds: Double? { json.number("creditBalanceSeconds") }
    /// The seconds that running boxes have used and that aren't billed yet.
    public var liveUsageSeconds: Double? { json.number("liveUsageSeconds") }
    /// The seconds of box time per dollar.
    public var creditSecondsPerDollar: Double? { json.number("creditSecondsPerDollar") }

    private func quota(_ name: String) -> QuotaLimits? {
        json[name].flatMap { $0.object == nil ? nil : QuotaLimits(json: $0) }
    }

    private func present(_ name: String) -> JSON? { json[name].flatMap { $0.isNull ? nil : $0 } }
}

/// One set of limits.
public struct QuotaLimits: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// The limit of boxes at a time. Nil also when there is no limit, as for the others.
    public var activeBoxes: Int? { json["activeBoxes"]?.int }
    /// The limit of boxes created within 60 seconds.
    public var creationsPerMinute: Int? { json["creationRatePerMinute"]?.int }
    /// The limit of boxes created within 24 hours.
    public var creationsPerDay: Int? { json["creationRequestsPerDay"]?.int }
}
