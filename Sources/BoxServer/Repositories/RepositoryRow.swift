import BoxModel
import GRDB

/// A repository that an account can give its boxes.
struct RepositoryRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "repository"

    /// Where boxd knows it from.
    enum Source: String, Codable, Sendable {
        /// `boxd repo add`.
        case configured
        case github
    }

    /// `repo_…`; the API's `databaseId`.
    var id: String
    var accountID: String
    var source: Source
    /// What git clones: a URL that boxes can reach, or the absolute path of a repository on this host.
    var url: String
    /// `owner/name`.
    var fullName: String
    /// GitHub's own id.
    var githubID: Int64?
    var isPrivate: Bool
    /// `read`, `write` or `admin`, where it is known.
    var permissions: String?
    var avatarURL: String?
    var ownerType: String?
    var defaultBranch: String?
    /// Milliseconds since the epoch: of the last push, where that is known, else of its entry here. Lists have this order.
    var pushedAt: Int64

    var owner: String { String(fullName.prefix { $0 != "/" }) }
    /// The directory's name in a box.
    var name: String { String(fullName.drop { $0 != "/" }.dropFirst()) }
    var isOnHost: Bool { url.hasPrefix("/") }

    /// The object that the API shows.
    var json: JSON {
        var object: JSONObject = [
            "databaseId": .string(id), "name": .string(name), "fullName": .string(fullName),
            "private": .bool(isPrivate), "permissions": JSON(permissions),
            "pushedAt": JSON(Timestamp(milliseconds: pushedAt)),
        ]
        if let githubID { object["id"] = JSON(githubID) }
        if let defaultBranch { object["defaultBranch"] = .string(defaultBranch) }
        return .object(object)
    }
}

/// A repository that new boxes get.
struct SelectedRepository: Sendable, Equatable {
    var row: RepositoryRow
    /// Nil for the repository's own.
    var baseBranch: String?

    /// What is cloned; nil for the repository's own default. GitHub's default is what git clones anyway.
    var branch: String? { baseBranch ?? (row.source == .configured ? row.defaultBranch : nil) }

    /// The object that the API shows. There is no way yet to give a repository a set-up script or hooks.
    var json: JSON {
        var object = row.json.object ?? JSONObject()
        object["baseBranch"] = JSON(baseBranch ?? row.defaultBranch)
        object["setupRoutineId"] = .null
        object["setupScript"] = .null
        object["setupBlocking"] = false
        object["preCommitHooks"] = .array([])
        return .object(object)
    }
}
