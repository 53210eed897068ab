import BoxModel

/// A repository that boxes can be given.
public struct Repository: Sendable, Equatable {
    public let json: JSON
    public init(json: JSON) { self.json = json }

    /// What ``BoxClient/selectRepo(repositoryID:baseBranch:)`` takes.
    public var databaseID: String? { json["databaseId"]?.string ?? json["databaseId"]?.int.map(String.init) }
    public var name: String { json["name"]?.string ?? "" }
    /// `owner/name`.
    public var fullName: String { json["fullName"]?.string ?? name }
    public var isPrivate: Bool? { json["private"]?.bool }
    public var pushedAt: Timestamp? { json["pushedAt"]?.string.flatMap(Timestamp.init(iso8601:)) }
    /// Of a selected repository.
    public var baseBranch: String? { json["baseBranch"]?.string }
}

/// One page of the repositories, in groups, and those that new boxes get.
public struct RepositoryPage: Sendable, Equatable {
    public let json: JSON
    public init(json: JSON) { self.json = json }

    /// Groups of `repositories`, each with its `type` and `accountLogin`.
    public var installations: [JSON] { json["installations"]?.array ?? [] }
    public var repositories: [Repository] {
        installations.flatMap { $0["repositories"]?.array ?? [] }.map(Repository.init(json:))
    }
    public var selected: [Repository] { (json["selectedRepositories"]?.array ?? []).map(Repository.init(json:)) }
    /// For the next call's `cursor`; nil on the last page.
    public var nextCursor: String? {
        json["pageInfo"]?["hasMore"]?.bool == false ? nil : json["pageInfo"]?["nextCursor"]?.string
    }
}

/// The repositories that new boxes get, after a change.
public struct RepositorySelection: Sendable, Equatable {
    public let json: JSON
    public var selected: [Repository] { (json["selectedRepositories"]?.array ?? []).map(Repository.init(json:)) }
}

extension BoxClient {
    /// One page of the repositories that the account can give its boxes. `GET /repos`.
    ///
    /// - Parameters:
    ///   - sync: asks the code host for new ones first, which takes longer.
    ///   - limit: 1 to 200; the server's default is 100.
    ///   - query: part of a name or full name, without regard to case.
    ///   - selected: only those that new boxes get, or only the others.
    public func repos(
        sync: Bool? = nil, limit: Int? = nil, cursor: String? = nil, sort: SortOrder? = nil, query: String? = nil,
        selected: Bool? = nil
    ) async throws -> RepositoryPage {
        let call = APICall(
            method: .get, path: APIPath.repos(),
            query: [
                ("sync", sync.map(String.init)), ("limit", limit.map(String.init)), ("cursor", cursor),
                ("sort", sort?.rawValue), ("q", query), ("selected", selected.map(String.init)),
            ])
        let page = RepositoryPage(json: try await send(call))
        guard page.json["installations"]?.array != nil else { throw unexpectedShape("it has no installations") }
        return page
    }

    /// Gives a repository to boxes made from now on, or changes its branch. `POST /repos`.
    ///
    /// - Parameters:
    ///   - repositoryID: ``Repository/databaseID``.
    ///   - baseBranch: `main` when not given.
    public func selectRepo(repositoryID: String, baseBranch: String? = nil) async throws -> RepositorySelection {
        var body = JSONObject([("repositoryId", .string(repositoryID))])
        if let baseBranch { body["baseBranch"] = .string(baseBranch) }
        let json = try await send(APICall(method: .post, path: APIPath.repos(), body: .object(body)))
        return RepositorySelection(json: json)
    }
}
