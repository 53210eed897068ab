import BoxModel

/// One page of the repositories, in groups, and those that new boxes get.
public struct RepositoryPage: APIPage {
    public let json: JSON

    /// - Parameter json: an answer to `GET /repos`.
    public init(json: JSON) { self.json = json }

    /// The repositories in groups, one for each account at the code host.
    public var installations: [RepositoryInstallation] {
        json.list("installations", RepositoryInstallation.init(json:))
    }
    /// The repositories of all groups.
    public var repositories: [Repository] { installations.flatMap(\.repositories) }
    /// The set of secrets and repositories that new boxes get.
    public var environmentID: String? { json["environmentId"]?.string }
    /// Those that new boxes get.
    public var selected: [SelectedRepository] { json.list("selectedRepositories", SelectedRepository.init(json:)) }
}

/// The repositories that new boxes get, after a change.
public struct RepositorySelection: APIAnswer {
    public let json: JSON

    /// Whether the change was made.
    public var success: Bool { json["success"]?.bool ?? true }
    /// The set of secrets and repositories that new boxes get.
    public var environmentID: String? { json["environmentId"]?.string }
    /// Those that new boxes get.
    public var selected: [SelectedRepository] { json.list("selectedRepositories", SelectedRepository.init(json:)) }
}

extension BoxClient {
    /// One page of the repositories that the account can give its boxes. `GET /repos`.
    ///
    /// - Parameters:
    ///   - sync: asks the code host for new ones first, which takes longer.
    ///   - limit: 1 to 200; the server's default is 100.
    ///   - cursor: the page before's ``APIPage/nextCursor``.
    ///   - sort: descending when not given.
    ///   - query: part of a name or full name, without regard to case.
    ///   - selected: only those that new boxes get, or only the others.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_limit`, `invalid_cursor` or `invalid_sort`.
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

    /// Gives a repository to boxes made from now on, or changes its branch. `POST /repos`. Never repeated by itself.
    ///
    /// - Parameters:
    ///   - repositoryID: ``RepositoryView/databaseID``.
    ///   - baseBranch: `main` when not given.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` when there is no such repository.
    public func selectRepo(repositoryID: String, baseBranch: String? = nil) async throws -> RepositorySelection {
        var body = JSONObject([("repositoryId", .string(repositoryID))])
        if let baseBranch { body["baseBranch"] = .string(baseBranch) }
        let json = try await send(APICall(method: .post, path: APIPath.repos(), body: .object(body)))
        return RepositorySelection(json: json)
    }
}
