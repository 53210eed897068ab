import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `/repos`: the account's repositories, and the selection that new boxes get.
struct RepositoryRoutes {
    let repositories: RepositoryService

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/repos", [.get: list, .post: select])
    }

    @Sendable private func list(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let page = try PageRequest(request)
        let filter = RepositoryStore.Filter(
            text: try request.query("q", code: .invalidRequest).map { String($0.prefix(200)) }.flatMap {
                $0.isEmpty ? nil : $0
            },
            isSelected: try Self.bool("selected", request.query("selected", code: .invalidRequest)))
        try await repositories.sync(
            account, isWanted: try Self.bool("sync", request.query("sync", code: .invalidRequest)) ?? false)
        let (rows, hasMore) = try await repositories.store.page(page, filter, account: account.id)
        let last = rows.last.map { PageCursor(moment: $0.pushedAt, id: $0.id) }
        var members = try await selection(account)
        members["installations"] = .array(Self.installations(rows))
        members["pageInfo"] = page.info(last, hasMore: hasMore)
        return .success("repos.list", members)
    }

    private static func bool(_ name: String, _ text: String?) throws -> Bool? {
        switch text {
        case nil, "": nil
        case "true", "1": true
        case "false", "0": false
        default:
            throw APIError(
                .invalidRequest, "\(name) \"\(text?.prefix(32) ?? "")\" is not valid: use true or false")
        }
    }

    /// The page's repositories grouped by owner, in the page's order.
    private static func installations(_ rows: [RepositoryRow]) -> [JSON] {
        var owners: [String] = []
        let groups = Dictionary(grouping: rows) { row in
            if !owners.contains(row.owner) { owners.append(row.owner) }
            return row.owner
        }
        return owners.map { owner in
            let first = groups[owner]?.first
            return [
                "type": .string(first?.ownerType ?? "User"), "accountLogin": .string(owner),
                "accountAvatarUrl": JSON(first?.avatarURL),
                "repositories": .array((groups[owner] ?? []).map(\.json)),
            ]
        }
    }

    @Sendable private func select(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let body = try await context.body(of: request).body
        guard let id = try body.string("repositoryId", code: .invalidRepository), !id.isEmpty else {
            throw APIError(
                .invalidRepository,
                "repositoryId is missing: send the databaseId of one that GET /repos lists")
        }
        let branch = try body.string("baseBranch", code: .invalidBranch)
        if let branch, !BranchName.isValid(branch) {
            throw APIError(.invalidBranch, "baseBranch is not a name that a branch can have")
        }
        let isKnown =
            try body.bool("selected") == false
            ? try await repositories.store.unselect(id, account: account.id)
            : try await repositories.store.select(id, baseBranch: branch, account: account.id)
        guard isKnown else {
            throw APIError(
                .notFound, "repository \(id.prefix(64)) not found: GET /repos lists those that are there",
                details: ["repositoryId": .string(String(id.prefix(64)))])
        }
        var members = try await selection(account)
        members["success"] = true
        return .success("repos.updated", members)
    }

    private func selection(_ account: Account) async throws -> JSONObject {
        let selected = try await repositories.store.selected(by: account.id)
        return [
            "environmentId": .string(account.environmentID), "selectedRepositories": .array(selected.map(\.json)),
        ]
    }
}
