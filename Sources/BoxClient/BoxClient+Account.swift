import BoxModel

/// The person or service whose key is used.
public struct Account: Sendable, Equatable {
    public let json: JSON
    public init(json: JSON) { self.json = json }

    /// `login`, `email` and whatever else the server tells.
    public var user: JSON? { json["user"] }
    public var login: String? { user?["login"]?.string }
    public var email: String? { user?["email"]?.string }
}

/// What the account may do now.
public struct AccountLimits: Sendable, Equatable {
    public let json: JSON
    public init(json: JSON) { self.json = json }

    public var activeBoxes: Int? { json["activeBoxes"]?.int }
    public var maximumActiveBoxes: Int? { json["maxActiveBoxes"]?.int }
    /// Nil also when there is no such limit.
    public var maximumCreationsPerDay: Int? { json["maxCreationRequestsPerDay"]?.int }
    public var maximumCreationsPerMinute: Int? { json["maxCreationRequestsPerMinute"]?.int }
    public var canStart: Bool { json["canStart"]?.bool ?? true }
}

extension BoxClient {
    /// Whose key this is. `GET /me`.
    public func me() async throws -> Account {
        Account(json: try await send(APICall(method: .get, path: "/me")))
    }

    /// What the account may do now. `GET /limits`.
    public func limits() async throws -> AccountLimits {
        AccountLimits(json: try await send(APICall(method: .get, path: "/limits")))
    }
}
