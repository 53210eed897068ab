import BoxModel
import Crypto
import FoundationEssentials
import GRDB
import HTTPTypes

/// Someone who has boxes.
struct Account: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "account"
    var id: String
    var login: String
    var email: String
    var createdAt: Int64
}

/// What is kept of an API key. The secret isn't.
struct APIKeyRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "apiKey"

    var id: String
    var accountID: String
    var name: String
    var hash: Data
    var prefix: String
    var lastFour: String
    var createdAt: Int64
    var lastUsedAt: Int64?

    /// The object that the API shows.
    var json: JSON {
        [
            "id": .string(id), "name": .string(name), "keyPrefix": .string(prefix), "keyLastFour": .string(lastFour),
            "createdAt": JSON(Timestamp(milliseconds: createdAt)),
            "lastUsedAt": JSON(lastUsedAt.map(Timestamp.init(milliseconds:))),
        ]
    }
}

/// Accounts and their API keys. A key's secret has 256 random bits and is kept only as its SHA-256.
struct KeyStore: Sendable {
    static let secretPrefix = "box_"

    let database: Database

    /// The account of that login, made when it isn't there.
    func account(login: String) async throws -> Account {
        try await database.pool.write { database in
            if let account = try Account.filter(Column("login") == login).fetchOne(database) { return account }
            let account = Account(
                id: "acc_" + RandomText.hex(bytes: 8), login: login, email: "\(login)@localhost",
                createdAt: Timestamp.now.milliseconds)
            try account.insert(database)
            return account
        }
    }

    /// Makes a key and returns its secret, which can't be read again.
    ///
    /// - Throws: ``APIError`` `limit_reached` when the account has ``maximumKeys``.
    func create(name: String, account: Account) async throws -> (id: String, secret: String) {
        let secret = Self.newSecret()
        let row = APIKeyRow(
            id: "sak_" + RandomText.hex(bytes: 8), accountID: account.id, name: name, hash: Self.hash(secret),
            prefix: Self.prefix(secret), lastFour: Self.lastFour(secret), createdAt: Timestamp.now.milliseconds,
            lastUsedAt: nil)
        try await database.pool.write { database in
            let count = try APIKeyRow.filter(Column("accountID") == account.id).fetchCount(database)
            guard count < Self.maximumKeys else {
                throw APIError(
                    .tooManyRequests, .limitReached,
                    "the account has \(count) API keys, and no more are possible: delete one first")
            }
            try row.insert(database)
        }
        return (row.id, secret)
    }

    static let maximumKeys = 1000

    /// The account's keys, the oldest first.
    func list(_ account: Account) async throws -> [APIKeyRow] {
        try await database.pool.read { database in
            try APIKeyRow.filter(Column("accountID") == account.id).order(Column("createdAt"), Column("id"))
                .fetchAll(database)
        }
    }

    /// Gives a key another secret. The old one stops with the commit.
    ///
    /// - Returns: nil when the account has no such key.
    func rotate(_ id: String, account: Account) async throws -> String? {
        let secret = Self.newSecret()
        return try await database.pool.write { database in
            guard var row = try Self.find(id, account, in: database) else { return nil }
            (row.hash, row.prefix, row.lastFour) = (Self.hash(secret), Self.prefix(secret), Self.lastFour(secret))
            row.lastUsedAt = nil
            try row.update(database)
            return secret
        }
    }

    /// - Returns: whether the account had such a key.
    func delete(_ id: String, account: Account) async throws -> Bool {
        try await database.pool.write { database in
            try Self.find(id, account, in: database)?.delete(database) ?? false
        }
    }

    private static func find(_ id: String, _ account: Account, in database: GRDB.Database) throws -> APIKeyRow? {
        try APIKeyRow.filter(Column("id") == id && Column("accountID") == account.id).fetchOne(database)
    }

    private static func newSecret() -> String { secretPrefix + RandomText.hex(bytes: 32) }
    private static func prefix(_ secret: String) -> String { String(secret.prefix(8)) }
    private static func lastFour(_ secret: String) -> String { String(secret.suffix(4)) }

    /// The account whose key this is, or nil.
    func authenticate(_ secret: String) async throws -> Account? {
        guard secret.hasPrefix(Self.secretPrefix), secret.utf8.count <= 256 else { return nil }
        let (hash, now) = (Self.hash(secret), Timestamp.now.milliseconds)
        let found = try await database.pool.read { database in
            try Row.fetchOne(
                database,
                sql:
                    "SELECT account.*, apiKey.id AS keyID, apiKey.lastUsedAt FROM apiKey JOIN account ON account.id = accountID WHERE hash = ?",
                arguments: [hash]
            ).map { (try Account(row: $0), $0["keyID"] as String, $0["lastUsedAt"] as Int64?) }
        }
        guard let (account, keyID, lastUsedAt) = found else { return nil }
        // Once a minute is exact enough, and keeps polling from writing.
        if now - (lastUsedAt ?? 0) > 60_000 {
            try await database.pool.write {
                try $0.execute(sql: "UPDATE apiKey SET lastUsedAt = ? WHERE id = ?", arguments: [now, keyID])
            }
        }
        return account
    }

    private static func hash(_ secret: String) -> Data { Data(SHA256.hash(data: Array(secret.utf8))) }
}

/// Random text for ids and secrets, from the system's generator.
enum RandomText {
    static func hex(bytes count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
