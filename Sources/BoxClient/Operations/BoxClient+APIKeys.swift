import BoxModel

/// The properties of an API key, without the key itself.
public struct APIKey: JSONView {
    public let json: JSON

    /// - Returns: nil when the value has no `id`.
    public init?(json: JSON) {
        guard json["id"]?.string != nil else { return nil }
        self.json = json
    }

    /// The key's id, which starts with `sak_`.
    public var id: String { json["id"]?.string ?? "" }
    /// The key's name, for people.
    public var name: String { json.text("name") ?? "" }
    /// The secret's first characters.
    public var prefix: String { json["keyPrefix"]?.string ?? "" }
    /// The secret's last characters.
    public var lastFour: String { json["keyLastFour"]?.string ?? "" }
    /// When the key was created.
    public var createdAt: Timestamp? { json.time("createdAt") }
    /// When the key was last used; nil for never.
    public var lastUsedAt: Timestamp? { json.time("lastUsedAt") }
}

/// The account's API keys, also after a change.
public struct APIKeyList: APIAnswer {
    public let json: JSON
    /// All keys, without their secrets.
    public var keys: [APIKey] { json.list("apiKeys", APIKey.init(json:)) }
}

/// A key that was created or got a new secret.
public struct IssuedAPIKey: APIAnswer {
    public let json: JSON
    /// The secret, which starts with `box_`. It is never sent again: store it at once, readable only by its owner.
    public let secret: String
    /// The key's properties without the secret.
    public var key: APIKey? { json["apiKey"].flatMap(APIKey.init(json:)) }
    /// All keys of the account, including this one; empty when the server doesn't send them.
    public var keys: [APIKey] { json.list("apiKeys", APIKey.init(json:)) }
}

extension BoxClient {
    /// Lists the account's API keys, without their secrets. `GET /api-keys`.
    public func apiKeys() async throws -> APIKeyList {
        try list(try await send(APICall(method: .get, path: APIPath.apiKeys())))
    }

    /// Creates an API key. `POST /api-keys`. Never repeated automatically.
    ///
    /// - Parameter name: for people, at most 80 characters; the server has a default.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_name`.
    public func createAPIKey(name: String? = nil) async throws -> IssuedAPIKey {
        var body = JSONObject()
        if let name { body["name"] = .string(name) }
        return try issued(try await send(APICall(method: .post, path: APIPath.apiKeys(), body: .object(body))))
    }

    /// Replaces a key's secret; the old one stops working. `POST /api-keys/{id}/rotate`. Never repeated automatically.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found` when there is no such key.
    public func rotateAPIKey(_ id: String) async throws -> IssuedAPIKey {
        try issued(try await send(APICall(method: .post, path: APIPath.apiKey(id) + "/rotate")))
    }

    /// Deletes a key, which stops working. `DELETE /api-keys/{id}`. The answer lists the remaining keys.
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
