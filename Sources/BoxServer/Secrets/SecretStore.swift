import BoxModel
import FoundationEssentials
import GRDB

/// The secrets of accounts, sealed. Every method is one transaction.
struct SecretStore: Sendable {
    let database: Database
    let sealer: Sealer

    func setup(of account: String) async throws -> SecretsSetup {
        let sealed = try await database.pool.read {
            try Data.fetchOne($0, sql: "SELECT sealed FROM secrets WHERE accountID = ?", arguments: [account])
        }
        guard let sealed else { return .none }
        return try SecretsSetup(stored: sealer.open(sealed))
    }

    func replace(_ setup: SecretsSetup, of account: String) async throws {
        let sealed = try sealer.seal(setup.stored)
        try await database.write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO secrets (accountID, sealed, updatedAt) VALUES (?, ?, ?)",
                arguments: [account, sealed, Timestamp.now.milliseconds])
        }
    }
}
