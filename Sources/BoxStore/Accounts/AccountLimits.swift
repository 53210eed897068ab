/// A limit of one account.
public enum Quota: Sendable, Equatable {
    /// As whoever started the server said, also when that changes.
    case standard
    case unlimited
    case limit(Int)

    /// As the database keeps it.
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

    /// `default`, `none`, or a number from 1.
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

/// Something that one account may do or not.
public enum Permission: String, Sendable, CaseIterable {
    case yes, no
    /// As whoever started the server said, also when that changes.
    case standard = "default"

    /// As the database keeps it.
    package var stored: Bool? { self == .standard ? nil : self == .yes }

    package init(stored: Bool?) { self = stored.map { $0 ? .yes : .no } ?? .standard }
}

/// What one account may have and do; nil leaves a limit as it is.
public struct AccountLimits: Sendable, Equatable {
    /// Active boxes; ``Quota/unlimited`` isn't possible.
    public var boxes: Quota?
    /// Boxes created within a minute; ``Quota/unlimited`` isn't possible.
    public var perMinute: Quota?
    /// Boxes created within a day.
    public var perDay: Quota?
    /// Whether its boxes may have user namespaces of their own.
    public var nested: Permission?

    public init(boxes: Quota? = nil, perMinute: Quota? = nil, perDay: Quota? = nil, nested: Permission? = nil) {
        (self.boxes, self.perMinute, self.perDay, self.nested) = (boxes, perMinute, perDay, nested)
    }
}

/// Why something that was to be done beside a server can't be, in words for whoever asked for it.
public struct AdministrationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    package init(_ description: String) { self.description = description }
}
