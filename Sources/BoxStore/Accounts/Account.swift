import BoxModel
import GRDB

/// An owner of boxes.
package struct Account: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "account"
    /// The account that the first key of a new server belongs to.
    package static let firstLogin = "local"

    package var id: String
    package var login: String
    package var email: String
    package var createdAt: Int64
    /// The account's own limit; nil for the server's.
    package var maxBoxes: Int?
    package var maxPerMinute: Int?
    /// The account's own limit, 0 for none; nil for the server's.
    package var maxPerDay: Int?
    /// Whether its boxes may create user namespaces; nil for the server's setting.
    package var allowsNested: Bool?
    /// Whether the account is being removed. Its keys are deleted already. It is erased with its last box.
    package var isRemoving = false

    package static func new(login: String, email: String? = nil) -> Account {
        Account(
            id: "acc_" + RandomText.hex(bytes: 8), login: login, email: email ?? "\(login)@localhost",
            createdAt: Timestamp.now.milliseconds)
    }

    /// Returns the account with that id, unless it is being removed.
    ///
    /// - Throws: ``APIError/unauthorized`` when there is no such account or it is being removed: its keys are deleted
    ///   already.
    static func usable(_ id: String, in database: GRDB.Database) throws -> Account {
        guard let account = try Account.fetchOne(database, key: id), !account.isRemoving else {
            throw APIError.unauthorized
        }
        return account
    }
}
