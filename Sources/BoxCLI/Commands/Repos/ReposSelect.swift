import BoxArguments
import BoxClient
import BoxModel

/// `box repos select`: adds a repository to new boxes.
struct ReposSelect: Command {
    /// `owner/name`, or a database id.
    var repository: String
    var branch: String?

    static let spec = CommandSpec(
        "select", summary: "Give a repository to boxes made from now on",
        discussion: "For one that is selected already, it changes the branch.",
        options: [.value("branch", short: "b", "BRANCH", "the branch to start from (default main)")],
        positionals: [PositionalSpec("REPO", "OWNER/NAME, or the id that `box repos list` shows")],
        examples: [
            ExampleSpec("box repos select octo/web --branch dev", "by its name"),
            ExampleSpec("box repos select 4711", "by its id"),
        ])

    init(_ parsed: ParsedCommand) throws(UsageError) {
        repository = parsed.argument("REPO") ?? ""
        branch = parsed.value("branch")
        if branch?.isEmpty == true { throw parsed.usageError("--branch is empty") }
        let parts = repository.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw parsed.usageError(
                "invalid REPO \"\(repository)\". Use OWNER/NAME, or the id that `box repos list` shows")
        }
    }

    func run(_ context: Context) async throws -> ExitStatus {
        let client = try context.client()
        let id = repository.contains("/") ? try await findID(client) : repository
        let selection: RepositorySelection
        do {
            selection = try await client.selectRepo(repositoryID: id, baseBranch: branch)
        } catch let error as BoxError where error.code == .notFound {
            throw AdvisedError(
                error: error, message: "not found (404). there is no repository \(Text.clean(repository))",
                advice: Self.advice)
        }
        try context.emitter.result(.object(BoxView.withoutEnvelope(selection.json))) { style in
            let selected = selection.selected.first { $0.databaseID == id }
            let branch = (selected?.baseBranch ?? branch).map { ", branch \(Text.clean($0))" } ?? ""
            let name = selected?.fullName ?? repository
            return "\(style.bold(Text.clean(name)))\(branch), is given to boxes made from now on\n"
        }
        return .success
    }

    private static let advice = "see those there are with `box repos list`, and look for new ones with --sync"

    private func findID(_ client: BoxClient) async throws -> String {
        let wanted = repository.lowercased()
        let found = try await client.inventory(query: repository).repositories
        guard let id = found.first(where: { $0.fullName.lowercased() == wanted })?.databaseID else {
            throw CommandError("there is no repository \(Text.clean(repository)). \(Self.advice)")
        }
        return id
    }
}
