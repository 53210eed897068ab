import BoxModel
import Crypto
import FoundationEssentials
import GRDB

/// Someone who has boxes.
struct Account: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "account"
    var id: String
    var login: String
    var email: String
    var createdAt: Int64
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
    func create(name: String, account: Account) async throws -> (id: String, secret: String) {
        let secret = Self.secretPrefix + RandomText.hex(bytes: 32)
        let id = "sak_" + RandomText.hex(bytes: 8)
        let arguments: StatementArguments = [
            id, account.id, name, Self.hash(secret), String(secret.prefix(8)), String(secret.suffix(4)),
            Timestamp.now.milliseconds,
        ]
        try await database.pool.write { database in
            try database.execute(
                sql:
                    "INSERT INTO apiKey (id, accountID, name, hash, prefix, lastFour, createdAt) VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: arguments)
        }
        return (id, secret)
    }

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
