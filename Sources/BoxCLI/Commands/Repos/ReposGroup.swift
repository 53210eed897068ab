import BoxArguments
import BoxClient
import BoxModel

/// `box repos`: manages the repositories that boxes get.
enum ReposGroup {
    static let spec = CommandSpec(
        "repos", aliases: ["repo"], group: CommandSection.account,
        summary: "Choose the repositories that new boxes get",
        examples: [
            ExampleSpec("box repos list -q web", "those with web in their names"),
            ExampleSpec("box repos select octo/web", "give one to boxes made from now on"),
        ])
}

/// The repositories of several pages, merged into one page.
struct RepositoryInventory {
    private(set) var last: RepositoryPage
    private var groups: [JSONObject] = []
    private var seen: Set<String> = []
    private let limit: Int

    init(_ first: RepositoryPage, limit: Int) {
        self.limit = limit
        last = first
        add(first)
    }

    var count: Int { seen.count }
    var page: RepositoryPage { RepositoryPage(json: .object(merged)) }

    mutating func add(_ page: RepositoryPage) {
        last = page
        for group in page.installations {
            guard case .object(var object) = group.json else { continue }
            let new = group.repositories.filter { isNew($0) }.map(\.json)
            if let index = groups.firstIndex(where: { Self.isSame($0, object) }) {
                groups[index]["repositories"] = .array((groups[index]["repositories"]?.array ?? []) + new)
            } else {
                object["repositories"] = .array(new)
                groups.append(object)
            }
        }
    }

    private mutating func isNew(_ repository: Repository) -> Bool {
        guard count < limit else { return false }
        return seen.insert(repository.databaseID ?? repository.fullName).inserted
    }

    private static func isSame(_ left: JSONObject, _ right: JSONObject) -> Bool {
        left["type"] == right["type"] && left["accountLogin"] == right["accountLogin"]
    }

    /// The last page as the server sent it, with the groups of all pages.
    private var merged: JSONObject {
        var object = last.json.object ?? JSONObject()
        object["installations"] = .array(groups.map { .object($0) })
        return object
    }
}

extension BoxClient {
    /// The repositories of all pages, without duplicates, up to a limit.
    func inventory(
        sync: Bool? = nil, query: String?, selected: Bool? = nil, limit: Int = .max
    ) async throws -> RepositoryPage {
        let size = min(limit, 200)
        var inventory = RepositoryInventory(
            try await repos(sync: sync, limit: size, query: query, selected: selected), limit: limit)
        var cursors: Set<String> = []
        // A server that repeats a cursor would make this loop endless.
        while inventory.count < limit, let cursor = inventory.last.nextCursor, cursors.insert(cursor).inserted {
            inventory.add(try await repos(limit: size, cursor: cursor, query: query, selected: selected))
        }
        return inventory.page
    }
}
