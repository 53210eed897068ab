import BoxModel
import FoundationEssentials
import GRDB

/// An account's settings for a provider of models, as the database stores them.
package struct ProviderRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "agentProvider"

    package var accountID: String
    /// The provider's ``AgentCatalog/Provider/name``.
    package var name: String
    /// The API key, sealed with the server's key.
    var sealedKey: Data
    var keyLastFour: String
    /// The URL of the provider's API; nil for the provider's own.
    package var baseURL: String?
    /// The model of prompts that name none; nil for the catalog's.
    package var model: String?
    package var reasoningEffort: String?
    /// Whether prompts that name no provider use this one.
    package var isDefault: Bool
    package var updatedAt: Int64

    package var provider: AgentCatalog.Provider? { AgentCatalog.provider(name) }

    /// The object that the API shows. It never contains the key.
    package static func json(of provider: AgentCatalog.Provider, _ row: ProviderRow?) -> JSON {
        [
            "provider": .string(provider.name), "configured": .bool(row != nil),
            "isDefault": .bool(row?.isDefault ?? false), "keyLastFour": JSON(row?.keyLastFour),
            "baseUrl": JSON(row?.baseURL), "model": JSON(row?.model), "reasoningEffort": JSON(row?.reasoningEffort),
            "updatedAt": JSON(row.map { Timestamp(milliseconds: $0.updatedAt) }),
        ]
    }
}
