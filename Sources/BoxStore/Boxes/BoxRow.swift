import BoxModel
import FoundationEssentials
import GRDB

/// A box as the database stores it.
package struct BoxRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "box"

    package var id: String
    package var accountID: String
    package var name: String
    package var state: String
    package var type: String
    /// Milliseconds since the epoch; nil for never.
    package var archiveAfter: Int64?
    package var ip: String?
    /// The request's environment as JSON, sealed with the server's key.
    package var environment: Data?
    /// Whether the box gets none of the account's secrets and repositories.
    package var noEnv: Bool
    /// The box whose disk is still to be copied into this one.
    package var forkedFrom: String?
    package var snapshotCompletedAt: Int64?
    /// Why the state is `error`.
    package var errorMessage: String?
    /// The paths of the secret files that the box's disk may have, its own and inherited ones.
    package var deliveredFiles: [String] = []
    /// The ids of repositories that are still to be cloned into it.
    package var pendingRepositories: [String] = []
    /// What failed in its set-up, as messages for its owner.
    package var warnings: [String] = []
    /// In bytes, as last measured: what the box itself has written.
    package var diskUsed: Int?
    /// In bytes; nil without a limit.
    package var diskLimit: Int?
    /// Whether the box is being deleted. Only the removal still reads it.
    package var isDeleting: Bool
    package var createdAt: Int64
    package var updatedAt: Int64

    package init(
        id: String, accountID: String, name: String, state: String, type: String, archiveAfter: Int64? = nil,
        ip: String? = nil, environment: Data? = nil, noEnv: Bool, forkedFrom: String? = nil,
        snapshotCompletedAt: Int64? = nil, errorMessage: String? = nil, deliveredFiles: [String] = [],
        pendingRepositories: [String] = [], warnings: [String] = [], diskUsed: Int? = nil, diskLimit: Int? = nil,
        isDeleting: Bool, createdAt: Int64, updatedAt: Int64
    ) {
        (self.id, self.accountID, self.name, self.state) = (id, accountID, name, state)
        (self.type, self.archiveAfter, self.ip, self.environment) = (type, archiveAfter, ip, environment)
        (self.noEnv, self.forkedFrom, self.snapshotCompletedAt, self.errorMessage) = (
            noEnv, forkedFrom, snapshotCompletedAt, errorMessage
        )
        (self.deliveredFiles, self.pendingRepositories, self.warnings, self.diskUsed) = (
            deliveredFiles, pendingRepositories, warnings, diskUsed
        )
        (self.diskLimit, self.isDeleting, self.createdAt, self.updatedAt) = (
            diskLimit, isDeleting, createdAt, updatedAt
        )
    }

    package var boxState: BoxState { BoxState(rawValue: state) }
    package var machineType: MachineType { MachineType(rawValue: type) ?? .default }

    /// The first words of warnings about secret files.
    package static let secretFile = "secret file"

    /// The warnings with those about secret files replaced.
    package static func warnings(_ warnings: [String], withSecretFiles current: [String]) -> [String] {
        warnings.filter { !$0.hasPrefix(secretFile) } + current
    }

    /// The first words of warnings about the server's host.
    package static let host = "on this server"

    /// The warnings with those about the host replaced by those of the last start.
    package static func warnings(_ warnings: [String], ofHost current: [String]) -> [String] {
        warnings.filter { !$0.hasPrefix(host) } + current.map { "\(host), \($0)" }
    }

    /// The object that the API shows.
    package var json: JSON {
        func time(_ value: Int64?) -> JSON { JSON(value.map(Timestamp.init(milliseconds:))) }
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "state": .string(state), "url": nil, "ip": JSON(ip),
            "desktopAvailable": false, "desktopUrl": nil,
            "snapshotAvailable": .bool(snapshotCompletedAt != nil), "snapshotCompletedAt": time(snapshotCompletedAt),
            "createdAt": time(createdAt), "updatedAt": time(updatedAt), "archiveAfter": time(archiveAfter),
            "type": .string(type),
        ]
        if let diskUsed { object["diskUsedBytes"] = JSON(diskUsed) }
        if let diskLimit { object["diskLimitBytes"] = JSON(diskLimit) }
        if !warnings.isEmpty { object["warnings"] = .array(warnings.map { .string($0) }) }
        if let errorMessage { object["errorMessage"] = .string(errorMessage) }
        return .object(object)
    }
}
