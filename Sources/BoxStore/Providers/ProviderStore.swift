import BoxModel
import FoundationEssentials
import GRDB

/// The providers that accounts have configured. Every method is one transaction.
package struct ProviderStore: Sendable {
    package let database: Database
    package let sealer: Sealer

    package init(database: Database, sealer: Sealer) {
        (self.database, self.sealer) = (database, sealer)
    }

    package func all(of account: String) async throws -> [ProviderRow] {
        try await database.pool.read {
            try ProviderRow.filter(Column("accountID") == account).order(Column("name")).fetchAll($0)
        }
    }

    package func find(_ provider: String, of account: String) async throws -> ProviderRow? {
        try await database.pool.read {
            try ProviderRow.fetchOne($0, key: ["accountID": account, "name": provider])
        }
    }

    /// The provider of prompts that name none.
    package func defaultProvider(of account: String) async throws -> AgentCatalog.Provider? {
        try await all(of: account).first { $0.isDefault }?.provider
    }

    package func key(of row: ProviderRow) throws -> String { try sealer.open(row.sealedKey) }

    /// Configures a provider, or changes its settings. An account's first provider becomes its default.
    ///
    /// - Throws: ``APIError`` `invalid_api_key` when no key is stored and none is given.
    package func change(_ provider: AgentCatalog.Provider, of account: String, _ change: ProviderChange) async throws
        -> ProviderRow
    {
        let sealed = try change.apiKey.map { try sealer.seal($0) }
        return try await database.write { database in
            let earlier = try ProviderRow.fetchOne(database, key: ["accountID": account, "name": provider.name])
            guard let key = sealed ?? earlier?.sealedKey else { throw Self.keyIsMissing(provider) }
            let others = ProviderRow.filter(Column("accountID") == account && Column("name") != provider.name)
            let hasDefault = try others.filter(Column("isDefault")).fetchCount(database) > 0
            var row = ProviderRow(
                accountID: account, name: provider.name, sealedKey: key,
                keyLastFour: change.apiKey.map { String($0.suffix(4)) } ?? earlier?.keyLastFour ?? "",
                baseURL: earlier?.baseURL, model: earlier?.model, reasoningEffort: earlier?.reasoningEffort,
                isDefault: change.isDefault || earlier?.isDefault ?? false || !hasDefault,
                updatedAt: Timestamp.now.milliseconds)
            change.baseURL.apply(to: &row.baseURL)
            change.model.apply(to: &row.model)
            change.reasoningEffort.apply(to: &row.reasoningEffort)
            if row.isDefault { try others.updateAll(database, Column("isDefault").set(to: false)) }
            try row.save(database)
            return row
        }
    }

    private static func keyIsMissing(_ provider: AgentCatalog.Provider) -> APIError {
        APIError(.invalidAPIKey, "apiKey is missing: \(provider.name) isn't set up yet and needs one")
    }

    /// - Returns: false when it wasn't configured.
    package func remove(_ provider: AgentCatalog.Provider, of account: String) async throws -> Bool {
        try await database.write { database in
            guard let row = try ProviderRow.fetchOne(database, key: ["accountID": account, "name": provider.name])
            else {
                return false
            }
            try row.delete(database)
            if row.isDefault, var next = try ProviderRow.filter(Column("accountID") == account).fetchOne(database) {
                next.isDefault = true
                try next.update(database)
            }
            return true
        }
    }
}
