import BoxModel
import GRDB

/// A repository that an account can give its boxes.
package struct RepositoryRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "repository"

    /// Where boxd knows it from.
    package enum Source: String, Codable, Sendable {
        /// `boxd repo add`.
        case configured
        case github
    }

    /// `repo_…`; the API's `databaseId`.
    package var id: String
    package var accountID: String
    package var source: Source
    /// What git clones: a URL that boxes can reach, or the absolute path of a repository on this host.
    package var url: String
    /// `owner/name`.
    package var fullName: String
    /// GitHub's own id.
    package var githubID: Int64?
    package var isPrivate: Bool
    /// `read`, `write` or `admin`, where it is known.
    package var permissions: String?
    package var avatarURL: String?
    package var ownerType: String?
    package var defaultBranch: String?
    /// Milliseconds since the epoch: of the last push, where that is known, else of its entry here. Lists have this order.
    package var pushedAt: Int64

    package init(
        id: String, accountID: String, source: Source, url: String, fullName: String, githubID: Int64? = nil,
        isPrivate: Bool, permissions: String? = nil, avatarURL: String? = nil, ownerType: String? = nil,
        defaultBranch: String? = nil, pushedAt: Int64
    ) {
        (self.id, self.accountID, self.source, self.url) = (id, accountID, source, url)
        (self.fullName, self.githubID, self.isPrivate, self.permissions) = (fullName, githubID, isPrivate, permissions)
        (self.avatarURL, self.ownerType, self.defaultBranch, self.pushedAt) = (
            avatarURL, ownerType, defaultBranch, pushedAt
        )
    }

    package var owner: String { String(fullName.prefix { $0 != "/" }) }
    /// The directory's name in a box.
    package var name: String { String(fullName.drop { $0 != "/" }.dropFirst()) }
    package var isOnHost: Bool { url.hasPrefix("/") }

    /// The object that the API shows.
    package var json: JSON {
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
package struct SelectedRepository: Sendable, Equatable {
    package var row: RepositoryRow
    /// Nil for the repository's own.
    package var baseBranch: String?

    /// What is cloned; nil for the repository's own default. GitHub's default is what git clones anyway.
    package var branch: String? { baseBranch ?? (row.source == .configured ? row.defaultBranch : nil) }

    /// The object that the API shows. There is no way yet to give a repository a set-up script or hooks.
    package var json: JSON {
        var object = row.json.object ?? JSONObject()
        object["baseBranch"] = JSON(baseBranch ?? row.defaultBranch)
        object["setupRoutineId"] = .null
        object["setupScript"] = .null
        object["setupBlocking"] = false
        object["preCommitHooks"] = .array([])
        return .object(object)
    }
}
