import BoxModel

/// How much one account may have and do, where the account has no limits of its own. Configuration of the server.
public struct ServerLimits: Sendable, Equatable {
    public var activeBoxes = 100
    public var creationsPerMinute = 120
    /// nil for no limit.
    public var creationsPerDay: Int?
    /// Whether boxes may have user namespaces of their own: see ``MachineSpec/allowsNested``.
    public var allowsNested = true

    public init() {}

    /// These limits with those that the account has of its own.
    func applied(to account: Account) -> ServerLimits {
        var limits = self
        if let count = account.maxBoxes { limits.activeBoxes = count }
        if let count = account.maxPerMinute { limits.creationsPerMinute = count }
        if let count = account.maxPerDay { limits.creationsPerDay = count == 0 ? nil : count }
        if let allowed = account.allowsNested { limits.allowsNested = allowed }
        return limits
    }
}
