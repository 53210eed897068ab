import BoxModel

/// An account as the operator sees it.
public struct AccountSummary: Sendable {
    package let account: Account
    public let boxes: Int
    public let activeBoxes: Int
    public let keys: Int

    package init(account: Account, boxes: Int, activeBoxes: Int, keys: Int) {
        (self.account, self.boxes, self.activeBoxes, self.keys) = (account, boxes, activeBoxes, keys)
    }

    public var login: String { account.login }
    public var email: String { account.email }
    public var isRemoving: Bool { account.isRemoving }
    public var limits: (boxes: Quota, perMinute: Quota, perDay: Quota) {
        (Quota(stored: account.maxBoxes), Quota(stored: account.maxPerMinute), Quota(stored: account.maxPerDay))
    }

    public var nested: Permission { Permission(stored: account.allowsNested) }

    public var json: JSON {
        func shown(_ quota: Quota) -> JSON {
            switch quota {
            case .standard: "default"
            case .unlimited: "none"
            case .limit(let count): JSON(count)
            }
        }
        return [
            "login": .string(login), "email": .string(email), "boxes": JSON(boxes), "activeBoxes": JSON(activeBoxes),
            "keys": JSON(keys), "maxBoxes": shown(limits.boxes), "maxPerMinute": shown(limits.perMinute),
            "maxPerDay": shown(limits.perDay), "nested": .string(nested.rawValue), "isRemoving": .bool(isRemoving),
            "createdAt": JSON(Timestamp(milliseconds: account.createdAt)),
        ]
    }
}

/// An API key as the operator sees it.
public struct KeySummary: Sendable {
    package let row: APIKeyRow
    public let login: String

    public var id: String { row.id }
    public var name: String { row.name }
    /// The secret's beginning and end.
    public var hint: String { "\(row.prefix)…\(row.lastFour)" }
    public var lastUsedAt: String? { row.lastUsedAt.map { Timestamp(milliseconds: $0).iso8601 } }

    public var json: JSON {
        .object(JSONObject([("account", .string(login))] + (row.json.object?.members ?? []).map { ($0.key, $0.value) }))
    }
}
