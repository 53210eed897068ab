import BoxModel
import GRDB

/// Someone who has boxes.
package struct Account: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "account"
    /// The account that the first key of a new server belongs to.
    package static let firstLogin = "local"

    package var id: String
    package var login: String
    package var email: String
    package var createdAt: Int64
    /// Limits of its own; nil for the server's.
    package var maxBoxes: Int?
    package var maxPerMinute: Int?
    /// 0 for none.
    package var maxPerDay: Int?
    /// Whether its boxes may have user namespaces of their own; nil for what the server says.
    package var allowsNested: Bool?
    /// Whether the account is on its way out: it has no keys any more, and goes when its last box has gone.
    package var isRemoving = false

    package static func new(login: String, email: String? = nil) -> Account {
        Account(
            id: "acc_" + RandomText.hex(bytes: 8), login: login, email: email ?? "\(login)@localhost",
            createdAt: Timestamp.now.milliseconds)
    }

    /// The account of that id while it may still get something new.
    ///
    /// - Throws: ``APIError/unauthorized`` once it is on its way out: its keys are gone already.
    static func usable(_ id: String, in database: GRDB.Database) throws -> Account {
        guard let account = try Account.fetchOne(database, key: id), !account.isRemoving else {
            throw APIError.unauthorized
        }
        return account
    }
}
