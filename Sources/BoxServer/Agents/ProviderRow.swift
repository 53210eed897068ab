import BoxModel
import FoundationEssentials
import GRDB

/// How an account uses a provider of models, as the database keeps it.
struct ProviderRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "agentProvider"

    var accountID: String
    /// As ``AgentCatalog/Provider/name``.
    var name: String
    /// The API key, sealed with the server's key.
    var sealedKey: Data
    var keyLastFour: String
    /// Where the provider's API is; nil for its own address.
    var baseURL: String?
    /// What prompts get that name none; nil for the catalog's.
    var model: String?
    var reasoningEffort: String?
    /// Whether prompts that name no provider get this one.
    var isDefault: Bool
    var updatedAt: Int64

    var provider: AgentCatalog.Provider? { AgentCatalog.provider(name) }

    /// The object that the API shows. Never the key.
    static func json(of provider: AgentCatalog.Provider, _ row: ProviderRow?) -> JSON {
        [
            "provider": .string(provider.name), "configured": .bool(row != nil),
            "isDefault": .bool(row?.isDefault ?? false), "keyLastFour": JSON(row?.keyLastFour),
            "baseUrl": JSON(row?.baseURL), "model": JSON(row?.model), "reasoningEffort": JSON(row?.reasoningEffort),
            "updatedAt": JSON(row.map { Timestamp(milliseconds: $0.updatedAt) }),
        ]
    }
}
