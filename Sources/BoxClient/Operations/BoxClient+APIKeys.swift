import BoxModel

/// What is known of an API key, which isn't the key itself.
public struct APIKey: JSONView {
    public let json: JSON

    /// - Returns: nil when the value has no `id`.
    public init?(json: JSON) {
        guard json["id"]?.string != nil else { return nil }
        self.json = json
    }

    /// Begins with `sak_`.
    public var id: String { json["id"]?.string ?? "" }
    /// For people.
    public var name: String { json.text("name") ?? "" }
    /// The secret's first characters.
    public var prefix: String { json["keyPrefix"]?.string ?? "" }
    /// The secret's last characters.
    public var lastFour: String { json["keyLastFour"]?.string ?? "" }
    /// When the key was made.
    public var createdAt: Timestamp? { json.time("createdAt") }
    /// Nil for never.
    public var lastUsedAt: Timestamp? { json.time("lastUsedAt") }
}

/// The account's API keys, after a change too.
public struct APIKeyList: APIAnswer {
    public let json: JSON
    /// All keys, without their secrets.
    public var keys: [APIKey] { json.list("apiKeys", APIKey.init(json:)) }
}

/// A key that was made or got another secret.
public struct IssuedAPIKey: APIAnswer {
    public let json: JSON
    /// Begins with `box_`. Never told again: store it at once, and where only its owner can read it.
    public let secret: String
    /// What is known of the key from now on.
    public var key: APIKey? { json["apiKey"].flatMap(APIKey.init(json:)) }
    /// All keys of the account, this one too; empty when the server doesn't say.
    public var keys: [APIKey] { json.list("apiKeys", APIKey.init(json:)) }
}

extension BoxClient {
    /// The account's API keys, without their secrets. `GET /api-keys`.
    public func apiKeys() async throws -> APIKeyList {
        try list(try await send(APICall(method: .get, path: APIPath.apiKeys())))
    }

    /// Makes an API key. `POST /api-keys`. Never repeated by itself.
    ///
    /// - Parameter name: for people, at most 80 characters; the server has a default.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_name`.
    public func createAPIKey(name: String? = nil) async throws -> IssuedAPIKey {
        var body = JSONObject()
        if let name { body["name"] = .string(name) }
        return try issued(try await send(APICall(method: .post, path: APIPath.apiKeys(), body: .object(body))))
    }

    /// Gives a key another secret; the old one stops working. `POST /api-keys/{id}/rotate`. Never repeated by
    /// itself.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found` when there is no such key.
    public func rotateAPIKey(_ id: String) async throws -> IssuedAPIKey {
        try issued(try await send(APICall(method: .post, path: APIPath.apiKey(id) + "/rotate")))
    }

    /// Deletes a key, which stops working. `DELETE /api-keys/{id}`. The answer has those that are left.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found` when there is no such key.
    public func deleteAPIKey(_ id: String) async throws -> APIKeyList {
        try list(try await send(APICall(method: .delete, path: APIPath.apiKey(id))))
    }

    private func list(_ json: JSON) throws(BoxError) -> APIKeyList {
        guard json["apiKeys"]?.array != nil else { throw unexpectedShape("it has no list of API keys") }
        return APIKeyList(json: json)
    }

    private func issued(_ json: JSON) throws(BoxError) -> IssuedAPIKey {
        guard let secret = json["secret"]?.string, !secret.isEmpty else { throw unexpectedShape("it has no secret") }
        return IssuedAPIKey(json: json, secret: secret)
    }
}
