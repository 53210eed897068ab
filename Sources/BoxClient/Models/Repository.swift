import BoxModel

/// The common properties of a repository, selected or not.
public protocol RepositoryView: JSONView {}

extension RepositoryView {
    /// The code host's id.
    public var id: String? { json["id"]?.string ?? json["id"]?.int.map(String.init) }
    /// The id for ``BoxClient/selectRepo(repositoryID:baseBranch:)``.
    public var databaseID: String? { json["databaseId"]?.string ?? json["databaseId"]?.int.map(String.init) }
    /// The name without the owner.
    public var name: String { json.text("name") ?? "" }
    /// `owner/name`.
    public var fullName: String { json.text("fullName") ?? name }
    /// Whether it is private; nil when the server doesn't send it.
    public var isPrivate: Bool? { json["private"]?.bool }
    /// The account's permissions for the repository.
    public var permissions: RepositoryPermissions? {
        json["permissions"].flatMap { $0.object == nil ? nil : RepositoryPermissions(json: $0) }
    }
    /// When the last commit was pushed.
    public var pushedAt: Timestamp? { json.time("pushedAt") }
}

/// A repository that boxes can get.
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
    /// The id of its set-up routine.
    public var setupRoutineID: String? {
        json["setupRoutineId"]?.string ?? json["setupRoutineId"]?.int.map(String.init)
    }
    /// The script that a box runs after it got the repository.
    public var setupScript: String? { json.text("setupScript") }
    /// Whether a box is ready only after its set-up has ended.
    public var setupBlocking: Bool? { json["setupBlocking"]?.bool }
    /// The hooks that run before each commit.
    public var preCommitHooks: [PreCommitHook] { json.list("preCommitHooks", PreCommitHook.init(json:)) }
}

/// An account's permissions for a repository, by the code host's names.
public struct RepositoryPermissions: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// Whether it has the permission of a name such as `push`; nil when the server doesn't send it.
    public subscript(name: String) -> Bool? { json[name]?.bool }
    /// Whether it may read.
    public var canPull: Bool? { self["pull"] }
    /// Whether it may write.
    public var canPush: Bool? { self["push"] }
    /// Whether it has all permissions.
    public var isAdministrator: Bool? { self["admin"] }
}

/// A hook that runs before each commit in a repository.
public struct PreCommitHook: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// The hook's id within its repository.
    public var id: String? { json["id"]?.string ?? json["id"]?.int.map(String.init) }
    /// The hook's shell script.
    public var script: String { json.text("script") ?? "" }
    /// Whether a failure prevents the commit.
    public var isBlocking: Bool? { json["blocking"]?.bool }
}

/// The repositories of one account at the code host.
public struct RepositoryInstallation: JSONView {
    public let json: JSON

    init(json: JSON) { self.json = json }

    /// The type of the account, such as `User` or `Organization`.
    public var type: String? { json["type"]?.string }
    /// The account's name at the code host.
    public var accountLogin: String? { json.text("accountLogin") }
    /// The account's picture.
    public var accountAvatarURL: String? { json["accountAvatarUrl"]?.string }
    /// The repositories of this page.
    public var repositories: [Repository] { json.list("repositories", Repository.init(json:)) }
}
