import BoxModel

/// What is known of a repository, selected or not.
public protocol RepositoryView: JSONView {}

extension RepositoryView {
    /// The code host's own.
    public var id: String? { json["id"]?.string ?? json["id"]?.int.map(String.init) }
    /// What ``BoxClient/selectRepo(repositoryID:baseBranch:)`` takes.
    public var databaseID: String? { json["databaseId"]?.string ?? json["databaseId"]?.int.map(String.init) }
    /// Without the owner.
    public var name: String { json.text("name") ?? "" }
    /// `owner/name`.
    public var fullName: String { json.text("fullName") ?? name }
    /// Nil when the server doesn't say.
    public var isPrivate: Bool? { json["private"]?.bool }
    /// What the account may do there.
    public var permissions: RepositoryPermissions? {
        json["permissions"].flatMap { $0.object == nil ? nil : RepositoryPermissions(json: $0) }
    }
    /// Of the last commit.
    public var pushedAt: Timestamp? { json.time("pushedAt") }
}

/// A repository that boxes can be given.
public struct Repository: RepositoryView {
    public let json: JSON

    /// - Parameter json: an element of an installation's `repositories`.
    public init(json: JSON) { self.json = json }
}

/// A repository that new boxes get.
public struct SelectedRepository: RepositoryView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// The branch that boxes start from.
    public var baseBranch: String? { json.text("baseBranch") }
    /// Which set-up it has.
    public var setupRoutineID: String? {
        json["setupRoutineId"]?.string ?? json["setupRoutineId"]?.int.map(String.init)
    }
    /// What a box runs when it has the repository.
    public var setupScript: String? { json.text("setupScript") }
    /// Whether a box isn't ready before its set-up has ended.
    public var setupBlocking: Bool? { json["setupBlocking"]?.bool }
    /// What is run before each commit.
    public var preCommitHooks: [PreCommitHook] { json.list("preCommitHooks", PreCommitHook.init(json:)) }
}

/// What an account may do with a repository, by the code host's names.
public struct RepositoryPermissions: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// Whether it may, for a name such as `push`; nil when that isn't said.
    public subscript(name: String) -> Bool? { json[name]?.bool }
    /// Whether it may read.
    public var canPull: Bool? { self["pull"] }
    /// Whether it may write.
    public var canPush: Bool? { self["push"] }
    /// Whether it may do everything.
    public var isAdministrator: Bool? { self["admin"] }
}

/// What is run before each commit in a repository.
public struct PreCommitHook: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// Names the hook among those of its repository.
    public var id: String? { json["id"]?.string ?? json["id"]?.int.map(String.init) }
    /// Shell lines.
    public var script: String { json.text("script") ?? "" }
    /// Whether a failure prevents the commit.
    public var isBlocking: Bool? { json["blocking"]?.bool }
}

/// The repositories of one account at the code host.
public struct RepositoryInstallation: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// What kind of account it is, such as `User` or `Organization`.
    public var type: String? { json["type"]?.string }
    /// The account's name at the code host.
    public var accountLogin: String? { json.text("accountLogin") }
    /// The account's picture.
    public var accountAvatarURL: String? { json["accountAvatarUrl"]?.string }
    /// Those of this page.
    public var repositories: [Repository] { json.list("repositories", Repository.init(json:)) }
}
