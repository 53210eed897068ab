/// A limit of one account.
public enum Quota: Sendable, Equatable {
    /// The server's configured limit, also when it changes later.
    case standard
    case unlimited
    case limit(Int)

    /// The value of the database's column: nil for `standard`, 0 for `unlimited`.
    package var stored: Int? {
        switch self {
        case .standard: nil
        case .unlimited: 0
        case .limit(let count): count
        }
    }

    package init(stored: Int?) {
        self = stored.map { $0 == 0 ? .unlimited : .limit($0) } ?? .standard
    }

    /// Parses `default`, `none`, or a number from 1.
    public init?(_ text: String) {
        switch text {
        case "default": self = .standard
        case "none": self = .unlimited
        default:
            guard let count = Int(text), (1...Self.maximum).contains(count) else { return nil }
            self = .limit(count)
        }
    }

    public static let maximum = 1_000_000
}

/// Whether an account may do something.
public enum Permission: String, Sendable, CaseIterable {
    case yes, no
    /// The server's configured value, also when it changes later.
    case standard = "default"

    /// The value of the database's column: nil for `standard`.
    package var stored: Bool? { self == .standard ? nil : self == .yes }

    package init(stored: Bool?) { self = stored.map { $0 ? .yes : .no } ?? .standard }
}

/// Changes of one account's limits. A nil leaves that limit unchanged.
public struct AccountLimits: Sendable, Equatable {
    /// Active boxes; ``Quota/unlimited`` isn't possible.
    public var boxes: Quota?
    /// Boxes created within a minute; ``Quota/unlimited`` isn't possible.
    public var perMinute: Quota?
    /// Boxes created within a day.
    public var perDay: Quota?
    /// Whether its boxes may create user namespaces.
    public var nested: Permission?

    public init(boxes: Quota? = nil, perMinute: Quota? = nil, perDay: Quota? = nil, nested: Permission? = nil) {
        (self.boxes, self.perMinute, self.perDay, self.nested) = (boxes, perMinute, perDay, nested)
    }
}

/// Why an administration command failed, as a message for the operator.
public struct AdministrationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    package init(_ description: String) { self.description = description }
}
