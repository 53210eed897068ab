import BoxCrypto
import BoxModel
import FoundationEssentials
import GRDB

/// An API key as the database stores it, without its secret.
package struct APIKeyRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "apiKey"

    package var id: String
    package var accountID: String
    package var name: String
    package var hash: Data
    package var prefix: String
    var lastFour: String
    package var createdAt: Int64
    package var lastUsedAt: Int64?

    /// The object that the API shows.
    package var json: JSON {
        [
            "id": .string(id), "name": .string(name), "keyPrefix": .string(prefix), "keyLastFour": .string(lastFour),
            "createdAt": JSON(Timestamp(milliseconds: createdAt)),
            "lastUsedAt": JSON(lastUsedAt.map(Timestamp.init(milliseconds:))),
        ]
    }
}

/// Accounts and their API keys. A key's secret has 256 random bits and is kept only as its SHA-256.
package struct KeyStore: Sendable {
    static let secretPrefix = "box_"

    package let database: Database
    /// Holders by the hash of a key's secret. Nil where no requests are authenticated.
    private let cache: ReadCache<Data, Holder>?

    package init(database: Database, commits: CommitSignal? = nil) {
        (self.database, cache) = (database, commits.map { ReadCache($0) })
    }

    /// Returns the account with that login, and creates it when there is none.
    package func account(login: String) async throws -> Account {
        try await database.write { database in
            if let account = try Account.filter(Column("login") == login).fetchOne(database) { return account }
            let account = Account.new(login: login)
            try account.insert(database)
            return account
        }
    }

    /// Creates a key and returns its secret, which can't be read again.
    ///
    /// - Throws: ``APIError`` `limit_reached` when the account has ``maximumKeys``, `unauthorized` when it is being
    ///   removed.
    package func create(name: String, account: Account) async throws -> (id: String, secret: String) {
        let secret = Self.newSecret()
        let row = APIKeyRow(
            id: "sak_" + RandomText.hex(bytes: 8), accountID: account.id, name: name, hash: Self.hash(secret),
            prefix: Self.prefix(secret), lastFour: Self.lastFour(secret), createdAt: Timestamp.now.milliseconds,
            lastUsedAt: nil)
        try await database.write { database in
            _ = try Account.usable(account.id, in: database)
            let count = try APIKeyRow.filter(Column("accountID") == account.id).fetchCount(database)
            guard count < Self.maximumKeys else {
                throw APIError(
                    .limitReached,
                    "the account has \(count) API keys, and no more are possible: delete one first")
            }
            try row.insert(database)
        }
        return (row.id, secret)
    }

    package static let maximumKeys = 1000

    /// The account's keys, the oldest first.
    package func list(_ account: Account) async throws -> [APIKeyRow] {
        try await database.pool.read { database in
            try APIKeyRow.filter(Column("accountID") == account.id).order(Column("createdAt"), Column("id"))
                .fetchAll(database)
        }
    }

    /// Replaces a key's secret. The old one stops working with the commit.
    ///
    /// - Returns: nil when the account has no such key.
    package func rotate(_ id: String, account: Account) async throws -> String? {
        let secret = Self.newSecret()
        return try await database.write { database in
            guard var row = try Self.find(id, account, in: database) else { return nil }
            (row.hash, row.prefix, row.lastFour) = (Self.hash(secret), Self.prefix(secret), Self.lastFour(secret))
            row.lastUsedAt = nil
            try row.update(database)
            return secret
        }
    }

    /// - Returns: whether the account had such a key.
    package func delete(_ id: String, account: Account) async throws -> Bool {
        try await database.write { database in
            try Self.find(id, account, in: database)?.delete(database) ?? false
        }
    }

    private static func find(_ id: String, _ account: Account, in database: GRDB.Database) throws -> APIKeyRow? {
        try APIKeyRow.filter(Column("id") == id && Column("accountID") == account.id).fetchOne(database)
    }

    private static func newSecret() -> String { secretPrefix + RandomText.hex(bytes: 32) }
    private static func prefix(_ secret: String) -> String { String(secret.prefix(8)) }
    private static func lastFour(_ secret: String) -> String { String(secret.suffix(4)) }

    /// The account that a key belongs to.
    struct Holder: Sendable {
        let account: Account
        let keyID: String
        let lastUsedAt: Int64?
    }

    /// In milliseconds: how exactly the last use of a key is recorded. Clients that poll then cause at most one write
    /// per interval.
    static let useInterval: Int64 = 60_000

    /// Returns the account that the key belongs to, or nil.
    package func authenticate(_ secret: String, at version: Int64? = nil) async throws -> Account? {
        guard secret.hasPrefix(Self.secretPrefix), secret.utf8.count <= 256 else { return nil }
        let (hash, now) = (Self.hash(secret), Timestamp.now.milliseconds)
        let found =
            if let cache { try await cache.value(hash, at: version) { try await holder(hash) } } else {
                try await holder(hash)
            }
        guard let holder = found else { return nil }
        // The last use is in the future when the clock was ahead.
        let isOutdated = abs(now - (holder.lastUsedAt ?? 0)) > Self.useInterval
        if isOutdated { try await record(holder.keyID, usedAt: now) }
        return holder.account
    }

    private func holder(_ hash: Data) async throws -> Holder? {
        try await database.pool.read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT account.*, apiKey.id AS keyID, apiKey.lastUsedAt FROM apiKey JOIN account ON account.id = accountID
                    WHERE hash = ? AND NOT isRemoving
                    """,
                arguments: [hash]
            ).map { Holder(account: try Account(row: $0), keyID: $0["keyID"], lastUsedAt: $0["lastUsedAt"]) }
        }
    }

    /// The condition makes only the first of many concurrent requests write.
    private func record(_ key: String, usedAt now: Int64) async throws {
        try await database.write {
            try $0.execute(
                sql: "UPDATE apiKey SET lastUsedAt = ? WHERE id = ? AND ABS(? - COALESCE(lastUsedAt, 0)) > ?",
                arguments: [now, key, now, Self.useInterval])
        }
    }

    private static func hash(_ secret: String) -> Data { Data(Digest.sha256(secret.utf8)) }
}
