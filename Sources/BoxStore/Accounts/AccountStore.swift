import BoxModel
import GRDB

/// The accounts in the database. Every method is one transaction.
package struct AccountStore: Sendable {
    package let database: Database

    package init(database: Database) {
        self.database = database
    }

    package func add(_ account: Account) async throws {
        try await database.write { database in
            if let other = try Self.find(account.login, in: database) {
                throw AdministrationError(
                    other.isRemoving
                        ? "the account \(other.login) is still being removed: a running boxd does that"
                        : "there is an account \(other.login) already")
            }
            try account.insert(database)
        }
    }

    /// - Throws: ``AdministrationError`` when there is no such account or it is being removed.
    package func account(_ login: String) async throws -> Account {
        try await database.pool.read { try Self.existing(login, in: $0) }
    }

    /// Also finds an account that is being removed.
    package func find(_ login: String) async throws -> Account? {
        try await database.pool.read { try Self.find(login, in: $0) }
    }

    package func isEmpty() async throws -> Bool { try await database.pool.read { try Account.fetchCount($0) == 0 } }

    package func set(_ login: String, email: String?, _ limits: AccountLimits) async throws -> Account {
        try await database.write { database in
            var account = try Self.existing(login, in: database)
            if let email { account.email = email }
            if let quota = limits.boxes { account.maxBoxes = quota.stored }
            if let quota = limits.perMinute { account.maxPerMinute = quota.stored }
            if let quota = limits.perDay { account.maxPerDay = quota.stored }
            if let permission = limits.nested { account.allowsNested = permission.stored }
            try account.update(database)
            return account
        }
    }

    /// Deletes the account's keys at once, and the account itself as soon as its last box is deleted.
    ///
    /// - Returns: how many boxes are to be deleted first.
    package func remove(_ login: String, deletingBoxes: Bool) async throws -> Int {
        try await database.write { database in
            guard var account = try Self.find(login, in: database) else { throw try Self.unknown(login, in: database) }
            let boxes = try Self.countBoxes(account.id, where: "NOT isDeleting", in: database)
            guard boxes == 0 || deletingBoxes else {
                throw AdministrationError(
                    "the account \(login) has \(boxes == 1 ? "a box" : "\(boxes) boxes"): "
                        + "add --delete-boxes to delete what is in them too")
            }
            account.isRemoving = true
            try account.update(database)
            for sql in [
                "UPDATE box SET isDeleting = TRUE WHERE accountID = ?", "DELETE FROM apiKey WHERE accountID = ?",
            ] { try database.execute(sql: sql, arguments: [account.id]) }
            let left = try Self.countBoxes(account.id, where: "TRUE", in: database)
            if left == 0 { try Self.erase(account.id, in: database) }
            return left
        }
    }

    /// Erases the accounts that are being removed and have no boxes any more.
    package func eraseEmptied() async throws {
        let condition = "isRemoving AND NOT EXISTS (SELECT 1 FROM box WHERE accountID = account.id)"
        let sql = "SELECT id FROM account WHERE \(condition)"
        // Checked with a read first, because this runs every second.
        guard try await !database.pool.read({ try String.fetchAll($0, sql: sql) }).isEmpty else { return }
        try await database.write { database in
            for id in try String.fetchAll(database, sql: sql) { try Self.erase(id, in: database) }
        }
    }

    private static func erase(_ id: String, in database: GRDB.Database) throws {
        for table in ["creation", "idempotency", "deletionOperation"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE accountID = ?", arguments: [id])
        }
        // Rows that refer to the account are deleted by ON DELETE CASCADE.
        try database.execute(sql: "DELETE FROM account WHERE id = ?", arguments: [id])
    }

    // MARK: Finding

    private static func find(_ login: String, in database: GRDB.Database) throws -> Account? {
        try Account.filter(Column("login") == login).fetchOne(database)
    }

    private static func existing(_ login: String, in database: GRDB.Database) throws -> Account {
        guard let account = try find(login, in: database) else { throw try unknown(login, in: database) }
        guard !account.isRemoving else {
            throw AdministrationError("the account \(login) is being removed: a running boxd does that")
        }
        return account
    }

    private static func unknown(_ login: String, in database: GRDB.Database) throws -> AdministrationError {
        let logins = try String.fetchAll(
            database, sql: "SELECT login FROM account WHERE NOT isRemoving ORDER BY login LIMIT 20")
        return AdministrationError(
            "there is no account \"\(login.prefix(64))\": "
                + (logins.isEmpty ? "" : "use one of \(logins.joined(separator: ", ")), or ")
                + "make one with `boxd account add LOGIN`")
    }

    static func countBoxes(_ account: String, where condition: String, in database: GRDB.Database) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM box WHERE accountID = ? AND \(condition)", arguments: [account]) ?? 0
    }
}
