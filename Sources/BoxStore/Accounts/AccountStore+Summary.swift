import BoxModel
import GRDB

extension AccountStore {
    package func list() async throws -> [AccountSummary] {
        try await database.pool.read { database in
            try Account.order(Column("login")).fetchAll(database).map { try Self.summary(of: $0, in: database) }
        }
    }

    package func summary(of account: Account) async throws -> AccountSummary {
        try await database.pool.read { try Self.summary(of: account, in: $0) }
    }

    private static func summary(of account: Account, in database: GRDB.Database) throws -> AccountSummary {
        AccountSummary(
            account: account, boxes: try countBoxes(account.id, where: "TRUE", in: database),
            activeBoxes: try ServerLimits.countActive(account.id, in: database),
            keys: try APIKeyRow.filter(Column("accountID") == account.id).fetchCount(database))
    }
}
