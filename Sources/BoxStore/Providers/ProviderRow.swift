import BoxModel
import FoundationEssentials
import GRDB

/// How an account uses a provider of models, as the database keeps it.
package struct ProviderRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "agentProvider"

    package var accountID: String
    /// As ``AgentCatalog/Provider/name``.
    package var name: String
    /// The API key, sealed with the server's key.
    var sealedKey: Data
    var keyLastFour: String
    /// Where the provider's API is; nil for its own address.
    package var baseURL: String?
    /// What prompts get that name none; nil for the catalog's.
    package var model: String?
    package var reasoningEffort: String?
    /// Whether prompts that name no provider get this one.
    package var isDefault: Bool
    package var updatedAt: Int64

    package var provider: AgentCatalog.Provider? { AgentCatalog.provider(name) }

    /// The object that the API shows. Never the key.
    package static func json(of provider: AgentCatalog.Provider, _ row: ProviderRow?) -> JSON {
        [
            "provider": .string(provider.name), "configured": .bool(row != nil),
            "isDefault": .bool(row?.isDefault ?? false), "keyLastFour": JSON(row?.keyLastFour),
            "baseUrl": JSON(row?.baseURL), "model": JSON(row?.model), "reasoningEffort": JSON(row?.reasoningEffort),
            "updatedAt": JSON(row.map { Timestamp(milliseconds: $0.updatedAt) }),
        ]
    }
}
