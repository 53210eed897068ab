import BoxModel
import FoundationEssentials
import GRDB

/// The secrets of accounts, sealed. Every method is one transaction.
package struct SecretStore: Sendable {
    package let database: Database
    package let sealer: Sealer

    package init(database: Database, sealer: Sealer) {
        (self.database, self.sealer) = (database, sealer)
    }

    package func setup(of account: String) async throws -> SecretsSetup {
        let sealed = try await database.pool.read {
            try Data.fetchOne($0, sql: "SELECT sealed FROM secrets WHERE accountID = ?", arguments: [account])
        }
        guard let sealed else { return .none }
        return try SecretsSetup(stored: sealer.open(sealed))
    }

    package func replace(_ setup: SecretsSetup, of account: String) async throws {
        let sealed = try sealer.seal(setup.stored)
        try await database.write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO secrets (accountID, sealed, updatedAt) VALUES (?, ?, ?)",
                arguments: [account, sealed, Timestamp.now.milliseconds])
        }
    }
}
