import BoxArguments
import BoxClient
import BoxModel

/// `box repos list`: lists the repositories that boxes can get.
struct ReposList: Command {
    var isSelected: Bool
    var query: String?
    var limit: Int
    var syncs: Bool

    static let spec = CommandSpec(
        "list", aliases: ["ls"], summary: "List the repositories that boxes can get",
        options: [
            .flag("selected", "only those that new boxes get"),
            .value("query", short: "q", "TEXT", "only those with this in their names"),
            .value("limit", "NUMBER", "at most so many (default: all)", kind: .integer(minimum: 1)),
            .flag("sync", "ask the code host for new ones first"),
        ],
        examples: [
            ExampleSpec("box repos list --selected", "what new boxes get"),
            ExampleSpec("box repos list -q web --sync", "new ones too"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        isSelected = parsed.has("selected")
        query = parsed.value("query")
        limit = parsed.integer("limit") ?? .max
        syncs = parsed.has("sync")
    }

    func run(_ context: Context) async throws -> ExitStatus {
        context.emitter.statusLine.show("reading the repositories")
        let page = try await context.client().inventory(
            sync: syncs ? true : nil, query: query, selected: isSelected ? true : nil, limit: limit)
        try context.emitter.result(.object(BoxView.withoutEnvelope(page.json))) { style in
            page.repositories.isEmpty
                ? ""
                : Self.table(page, now: context.dependencies.now(), style)
                    .render(width: context.outputWidth, style: style)
        }
        if page.repositories.isEmpty { context.emitter.notice(emptyNotice) }
        return .success
    }

    private var emptyNotice: String {
        if query != nil { return "no repository has that in its name. look for new ones with --sync" }
        return isSelected
            ? "no repository is selected. choose one with `box repos select OWNER/NAME`"
            : "no repositories. look for new ones with --sync"
    }

    private static func table(_ page: RepositoryPage, now: Timestamp, _ style: Style) -> Table {
        var table = Table([
            .init(title: "NAME", isFlexible: true), .init(title: "ID"), .init(title: "ACCESS", dropsAs: 2),
            .init(title: "PUSHED", dropsAs: 1), .init(title: "SELECTED", dropsAs: 3),
        ])
        for repository in page.repositories {
            let selection = page.selected.first { $0.databaseID == repository.databaseID }
            table.add([
                .init(text: Text.clean(repository.fullName), paint: style.bold),
                .init(text: Text.clean(repository.databaseID ?? "-")),
                .init(text: repository.isPrivate.map { $0 ? "private" : "public" } ?? "-"),
                .init(text: repository.pushedAt.map { Text.relative($0, to: now) } ?? "-", paint: style.dim),
                .init(text: selection.map { Text.clean($0.baseBranch ?? "yes") } ?? "-", paint: style.green),
            ])
        }
        return table
    }
}
