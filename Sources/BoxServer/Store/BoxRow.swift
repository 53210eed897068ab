import BoxModel
import FoundationEssentials
import GRDB

/// A box as the database keeps it.
struct BoxRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "box"

    var id: String
    var accountID: String
    var name: String
    var state: String
    var type: String
    /// Milliseconds since the epoch; nil for never.
    var archiveAfter: Int64?
    var ip: String?
    /// The request's environment as JSON, sealed with the server's key.
    var environment: Data?
    /// Whether the box gets none of the account's secrets and repositories.
    var noEnv: Bool
    /// The box whose disk this one still waits for.
    var forkedFrom: String?
    var snapshotCompletedAt: Int64?
    /// Why the state is `error`.
    var errorMessage: String?
    /// The paths of the secret files that the box's disk may have, its own and inherited ones.
    var deliveredFiles: [String] = []
    /// The ids of repositories that are still to be cloned into it.
    var pendingRepositories: [String] = []
    /// What went wrong with its set-up, in words for its owner.
    var warnings: [String] = []
    /// In bytes, as last measured: what the box has written itself.
    var diskUsed: Int?
    /// In bytes; nil where nothing limits it.
    var diskLimit: Int?
    /// Whether the box is on its way out. Nobody but the remover sees it any more.
    var isDeleting: Bool
    var createdAt: Int64
    var updatedAt: Int64

    var boxState: BoxState { BoxState(rawValue: state) }
    var machineType: MachineType { MachineType(rawValue: type) ?? .default }

    /// How warnings about secret files begin.
    static let secretFile = "secret file"

    /// The warnings with others about secret files.
    static func warnings(_ warnings: [String], withSecretFiles current: [String]) -> [String] {
        warnings.filter { !$0.hasPrefix(secretFile) } + current
    }

    /// How warnings about the server's host begin.
    static let host = "on this server"

    /// The warnings with others about the host, as it was when the box started last.
    static func warnings(_ warnings: [String], ofHost current: [String]) -> [String] {
        warnings.filter { !$0.hasPrefix(host) } + current.map { "\(host), \($0)" }
    }

    /// The object that the API shows.
    var json: JSON {
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
