import BoxModel
import FoundationEssentials
import GRDB

/// Which providers accounts have set up. Every method is one transaction.
struct ProviderStore: Sendable {
    let database: Database
    let sealer: Sealer

    func all(of account: String) async throws -> [ProviderRow] {
        try await database.pool.read {
            try ProviderRow.filter(Column("accountID") == account).order(Column("name")).fetchAll($0)
        }
    }

    func find(_ provider: String, of account: String) async throws -> ProviderRow? {
        try await database.pool.read {
            try ProviderRow.fetchOne($0, key: ["accountID": account, "name": provider])
        }
    }

    /// The provider of prompts that name none.
    func defaultProvider(of account: String) async throws -> AgentCatalog.Provider? {
        try await all(of: account).first { $0.isDefault }?.provider
    }

    func key(of row: ProviderRow) throws -> String { try sealer.open(row.sealedKey) }

    /// Sets a provider up, or changes how it is. The first one of an account is its default.
    ///
    /// - Throws: ``APIError`` `invalid_api_key` when there is no key yet and none is given.
    func change(_ provider: AgentCatalog.Provider, of account: String, _ wish: ProviderWish) async throws -> ProviderRow
    {
        let sealed = try wish.apiKey.map { try sealer.seal($0) }
        return try await database.write { database in
            let earlier = try ProviderRow.fetchOne(database, key: ["accountID": account, "name": provider.name])
            guard let key = sealed ?? earlier?.sealedKey else { throw ProviderWish.keyIsMissing(provider) }
            let others = ProviderRow.filter(Column("accountID") == account && Column("name") != provider.name)
            let hasDefault = try others.filter(Column("isDefault")).fetchCount(database) > 0
            var row = ProviderRow(
                accountID: account, name: provider.name, sealedKey: key,
                keyLastFour: wish.apiKey.map { String($0.suffix(4)) } ?? earlier?.keyLastFour ?? "",
                baseURL: earlier?.baseURL, model: earlier?.model, reasoningEffort: earlier?.reasoningEffort,
                isDefault: wish.isDefault || earlier?.isDefault ?? false || !hasDefault,
                updatedAt: Timestamp.now.milliseconds)
            wish.baseURL.apply(to: &row.baseURL)
            wish.model.apply(to: &row.model)
            wish.reasoningEffort.apply(to: &row.reasoningEffort)
            if row.isDefault { try others.updateAll(database, Column("isDefault").set(to: false)) }
            try row.save(database)
            return row
        }
    }

    /// - Returns: false when it wasn't set up.
    func remove(_ provider: AgentCatalog.Provider, of account: String) async throws -> Bool {
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
