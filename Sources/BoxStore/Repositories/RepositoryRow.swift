import BoxModel
import GRDB

/// A repository that can be cloned into an account's boxes.
package struct RepositoryRow: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "repository"

    /// How boxd learned of the repository.
    package enum Source: String, Codable, Sendable {
        /// Added by `boxd repo add`.
        case configured
        case github
    }

    /// `repo_…`, which is `databaseId` in the API.
    package var id: String
    package var accountID: String
    package var source: Source
    /// The argument of `git clone`: a URL that boxes can reach, or the absolute path of a repository on this host.
    package var url: String
    /// `owner/name`.
    package var fullName: String
    /// GitHub's own id.
    package var githubID: Int64?
    package var isPrivate: Bool
    /// `read`, `write` or `admin`, if known.
    package var permissions: String?
    package var avatarURL: String?
    package var ownerType: String?
    package var defaultBranch: String?
    /// Milliseconds since the epoch: the last push if known, otherwise the insertion here. Lists have this order.
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
    /// The name of its directory in a box.
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

/// A repository that is cloned into new boxes.
package struct SelectedRepository: Sendable, Equatable {
    package var row: RepositoryRow
    /// Nil for the repository's default branch.
    package var baseBranch: String?

    /// The branch that is cloned; nil for the repository's default. For GitHub it is nil, because git clones the
    /// default anyway.
    package var branch: String? { baseBranch ?? (row.source == .configured ? row.defaultBranch : nil) }

    /// The object that the API shows. A repository can't have a set-up script or hooks yet.
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
