import BoxModel

/// One page of the repositories, in groups, and all selected repositories.
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
    /// The id of the set of secrets and repositories that new boxes get.
    public var environmentID: String? { json["environmentId"]?.string }
    /// The repositories that new boxes get.
    public var selected: [SelectedRepository] { json.list("selectedRepositories", SelectedRepository.init(json:)) }
}

/// The repositories that new boxes get, after a change.
public struct RepositorySelection: APIAnswer {
    public let json: JSON

    /// Whether the change was made.
    public var success: Bool { json["success"]?.bool ?? true }
    /// The id of the set of secrets and repositories that new boxes get.
    public var environmentID: String? { json["environmentId"]?.string }
    /// The repositories that new boxes get.
    public var selected: [SelectedRepository] { json.list("selectedRepositories", SelectedRepository.init(json:)) }
}

extension BoxClient {
    /// Returns one page of the repositories that the account's boxes can get. `GET /repos`.
    ///
    /// - Parameters:
    ///   - sync: first asks the code host for new ones, which takes longer.
    ///   - limit: 1 to 200; the server's default is 100.
    ///   - cursor: the previous page's ``APIPage/nextCursor``.
    ///   - sort: descending by default.
    ///   - query: part of a name or full name; case is ignored.
    ///   - selected: true for only the selected repositories, false for only the others.
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

    /// Selects a repository for boxes created from now on, or changes its branch. `POST /repos`. Never repeated
    /// automatically.
    ///
    /// - Parameters:
    ///   - repositoryID: ``RepositoryView/databaseID``.
    ///   - baseBranch: `main` by default.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` when there is no such repository.
    public func selectRepo(repositoryID: String, baseBranch: String? = nil) async throws -> RepositorySelection {
        var body = JSONObject([("repositoryId", .string(repositoryID))])
        if let baseBranch { body["baseBranch"] = .string(baseBranch) }
        let json = try await send(APICall(method: .post, path: APIPath.repos(), body: .object(body)))
        return RepositorySelection(json: json)
    }
}
