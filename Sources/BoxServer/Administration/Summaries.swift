import BoxModel
import GRDB

/// An account as whoever runs the server sees it.
public struct AccountSummary: Sendable {
    let account: Account
    public let boxes: Int
    public let activeBoxes: Int
    public let keys: Int

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

/// An API key as whoever runs the server sees it.
public struct KeySummary: Sendable {
    let row: APIKeyRow
    public let login: String

    public var id: String { row.id }
    public var name: String { row.name }
    /// How the secret begins and ends.
    public var hint: String { "\(row.prefix)…\(row.lastFour)" }
    public var lastUsedAt: String? { row.lastUsedAt.map { Timestamp(milliseconds: $0).iso8601 } }

    public var json: JSON {
        .object(JSONObject([("account", .string(login))] + (row.json.object?.members ?? []).map { ($0.key, $0.value) }))
    }
}

extension AccountStore {
    func list() async throws -> [AccountSummary] {
        try await database.pool.read { database in
            try Account.order(Column("login")).fetchAll(database).map { try Self.summary(of: $0, in: database) }
        }
    }

    func summary(of account: Account) async throws -> AccountSummary {
        try await database.pool.read { try Self.summary(of: account, in: $0) }
    }

    private static func summary(of account: Account, in database: GRDB.Database) throws -> AccountSummary {
        AccountSummary(
            account: account, boxes: try countBoxes(account.id, where: "TRUE", in: database),
            activeBoxes: try ServerLimits.countActive(account.id, in: database),
            keys: try APIKeyRow.filter(Column("accountID") == account.id).fetchCount(database))
    }
}

extension KeyStore {
    /// The keys of one account, or of all, by account and age.
    func list(login: String?) async throws -> [KeySummary] {
        try await database.pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT apiKey.*, account.login FROM apiKey JOIN account ON account.id = accountID
                    WHERE ? IS NULL OR account.login = ? ORDER BY account.login, apiKey.createdAt, apiKey.id
                    """, arguments: [login, login]
            ).map { KeySummary(row: try APIKeyRow(row: $0), login: $0["login"]) }
        }
    }

    /// - Returns: whether there was such a key.
    func delete(_ id: String) async throws -> Bool {
        try await database.write { try APIKeyRow.deleteOne($0, key: id) }
    }
}
