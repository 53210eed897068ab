import BoxModel

/// The person or service whose key is used.
public struct Account: APIAnswer {
    public let json: JSON

    /// - Parameter json: the answer to `GET /me`.
    public init(json: JSON) { self.json = json }

    /// `login`, `email` and further members that the server sends.
    public var user: JSON? { json["user"] }
    /// The name at the code host.
    public var login: String? { user?["login"]?.string }
    /// The email address; nil also where the account has none.
    public var email: String? { user?["email"]?.string }
}
