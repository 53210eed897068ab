import BoxModel
import BoxStore

/// The operator's commands for repositories. They work beside a running boxd.
public struct RepositoryAdministration: Sendable {
    private let account: Account
    private let store: RepositoryStore
    private let github: GitHubStore

    /// - Parameter login: the account that the repositories belong to.
    /// - Throws: ``StartupError`` when there is no such account.
    public init(dataDirectory: String, login: String) async throws {
        let directory = DataDirectory(dataDirectory)
        let database = try Database(directory)
        guard let found = try await AccountStore(database: database).find(login), !found.isRemoving else {
            throw StartupError("there is no account \"\(login)\": run `boxd account list` to see those that are there")
        }
        account = found
        store = RepositoryStore(database: database)
        let sealer = try KeyCheck(database, keyFile: directory.keyFile).sealer()
        github = GitHubStore(database: database, sealer: sealer)
    }

    /// Adds a repository that boxes can have.
    ///
    /// - Parameters:
    ///   - url: a URL that git can clone inside a box, or the absolute path of a repository on this host.
    ///   - name: `owner/name`; nil to derive it from the end of the URL.
    ///   - branch: nil for the repository's default branch.
    /// - Returns: the object that `GET /repos` shows.
    public func add(url: String, name: String?, branch: String?, isPrivate: Bool) async throws -> JSON {
        guard let fullName = name ?? RepositoryName.guess(from: url), RepositoryName.isValid(fullName) else {
            throw StartupError("the name \"\(name ?? "")\" is not valid: give one with --name, such as team/tools")
        }
        let url = url.hasPrefix("/") ? RepositoryURL.resolved(path: url) ?? url : url
        try Self.check(url)
        if let branch, !BranchName.isValid(branch) {
            throw StartupError("\"\(branch)\" is not a name that a branch can have")
        }
        let row = RepositoryRow(
            id: "repo_" + RandomText.hex(bytes: 8), accountID: account.id, source: .configured, url: url,
            fullName: fullName, githubID: nil, isPrivate: isPrivate, permissions: nil, avatarURL: nil,
            ownerType: "User", defaultBranch: branch, pushedAt: Timestamp.now.milliseconds)
        return try await store.insert(row).json
    }

    private static func check(_ url: String) throws {
        if url.hasPrefix("/") {
            guard RepositoryURL.owner(ofPath: url) != nil else {
                throw StartupError("there is no git repository at \(url) on this host")
            }
            return
        }
        guard RepositoryURL.isRemote(url) else {
            throw StartupError(
                "\"\(url)\" is not valid: use an https, ssh or git URL, or the absolute path of a repository on this host"
            )
        }
        guard !RepositoryURL.hasCredentials(url) else {
            throw StartupError(
                "the URL has a password or token in it, which every box would see: leave it out, and use `boxd github set` for GitHub"
            )
        }
    }

    /// The account's repositories, with the URLs that they are cloned from.
    public func list() async throws -> [JSON] {
        let selected = Set(try await store.selected(by: account.id).map(\.row.id))
        return try await store.all(of: account.id).map { row in
            var object = row.json.object ?? JSONObject()
            object["url"] = .string(row.url)
            object["source"] = .string(row.source.rawValue)
            object["selected"] = .bool(selected.contains(row.id))
            return .object(object)
        }
    }

    /// - Parameter name: the repository's `owner/name` or id.
    public func remove(_ name: String) async throws {
        let row = try await store.all(of: account.id).first { $0.id == name || $0.fullName == name }
        guard let row, try await store.remove(row.id, account: account.id) else {
            throw StartupError("there is no repository \"\(name)\": run `boxd repo list` to see those that are there")
        }
    }

    /// Sets the GitHub token with which the account lists and clones repositories.
    public func setGitHubToken(_ token: String, apiURL: String?) async throws {
        guard (1...1000).contains(token.utf8.count),
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        else { throw StartupError("the token is not valid: send it on standard input, alone on one line") }
        var url = apiURL ?? GitHubAccess.standardURL
        while url.hasSuffix("/") { url.removeLast() }
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), RepositoryURL.isRemote(url), !url.contains("\"")
        else {
            throw StartupError("the API's URL \"\(url)\" is not valid: use one such as \(GitHubAccess.standardURL)")
        }
        try await github.set(GitHubAccess(token: token, apiURL: url), of: account.id)
    }

    public func removeGitHubToken() async throws {
        guard try await github.remove(of: account.id) else {
            throw StartupError("the account \"\(account.login)\" has no GitHub token")
        }
        try await store.updateGitHub([], account: account.id, removingOthers: true)
    }
}
