import BoxModel

/// The limits of an account that has none of its own. They are the server's configuration.
public struct ServerLimits: Sendable, Equatable {
    public var activeBoxes = 100
    public var creationsPerMinute = 120
    /// nil for no limit.
    public var creationsPerDay: Int?
    /// Whether boxes may create user namespaces: see ``MachineSpec/allowsNested``.
    public var allowsNested = true

    public init() {}

    /// These limits, replaced by the account's own where it has any.
    func applied(to account: Account) -> ServerLimits {
        var limits = self
        if let count = account.maxBoxes { limits.activeBoxes = count }
        if let count = account.maxPerMinute { limits.creationsPerMinute = count }
        if let count = account.maxPerDay { limits.creationsPerDay = count == 0 ? nil : count }
        if let allowed = account.allowsNested { limits.allowsNested = allowed }
        return limits
    }
}
