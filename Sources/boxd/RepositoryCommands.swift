import BoxArguments
import BoxControl
import BoxModel
import BoxServer
import BoxStore
import Glibc

extension Boxd {
    private static let account = OptionSpec.value("account", "LOGIN", "whose repositories they are (local)")

    static func repositorySpecs(shared: [OptionSpec]) -> [CommandSpec] {
        [
            CommandSpec(
                "repo", summary: "manage the repositories that boxes can be given",
                subcommands: [
                    CommandSpec(
                        "add", summary: "offer a repository to an account",
                        discussion:
                            "Git clones it inside the box, except for one on this host, which boxd carries there.",
                        options: shared + [
                            account, .value("name", "OWNER/NAME", "what it is called (the end of the URL)"),
                            .value("branch", "BRANCH", "the branch that boxes get (the repository's own default)"),
                            .flag("private", "show it as private"), .flag("json", "print one JSON object"),
                        ],
                        positionals: [
                            PositionalSpec("URL", "what git clones, or the absolute path of a repository on this host")
                        ],
                        examples: [
                            ExampleSpec("boxd repo add https://github.com/acme/site", "one on GitHub, without a token"),
                            ExampleSpec("boxd repo add /srv/git/tools.git --name acme/tools", "one on this host"),
                        ]),
                    CommandSpec(
                        "list", summary: "list an account's repositories",
                        options: shared + [account, .flag("json", "print a JSON object a line")]),
                    CommandSpec(
                        "remove", summary: "offer a repository no more; boxes keep what they have",
                        options: shared + [account], positionals: [PositionalSpec("REPOSITORY", "its name or id")]),
                ]),
            CommandSpec(
                "github", summary: "manage an account's access to GitHub",
                subcommands: [
                    CommandSpec(
                        "set", summary: "read a token from standard input and keep it, encrypted",
                        discussion: "Its repositories can then be selected, and are cloned with it.",
                        options: shared + [
                            account, .value("api-url", "URL", "of a GitHub server (https://api.github.com)"),
                        ], examples: [ExampleSpec("boxd github set --account alice < token.txt", "for one account")]),
                    CommandSpec(
                        "remove", summary: "forget the token and its repositories", options: shared + [account]),
                ]),
        ]
    }

    static func manageRepositories(_ action: String, _ parsed: ParsedCommand, _ installation: Installation) async throws
    {
        try installation.prepare()
        let administration = try await RepositoryAdministration(
            dataDirectory: installation.dataDirectory, login: parsed.value("account") ?? "local")
        switch action {
        case "repo add": try await addRepository(parsed, administration)
        case "repo list": try await listRepositories(parsed, administration)
        case "repo remove": try await administration.remove(parsed.argument("REPOSITORY") ?? "")
        case "github set":
            guard let token = readLine(strippingNewline: true) else {
                throw StartupError("no token came on standard input: try `boxd github set < token.txt`")
            }
            try await administration.setGitHubToken(token.filter { !$0.isWhitespace }, apiURL: parsed.value("api-url"))
        default: try await administration.removeGitHubToken()
        }
    }

    private static func addRepository(_ parsed: ParsedCommand, _ administration: RepositoryAdministration) async throws
    {
        let json = try await administration.add(
            url: parsed.argument("URL") ?? "", name: parsed.value("name"), branch: parsed.value("branch"),
            isPrivate: parsed.has("private"))
        let name = json["fullName"]?.string ?? ""
        emit(
            parsed.has("json") ? json.compact + "\n" : "\(name) can be selected now: box repos select \(name)\n",
            to: .output)
    }

    private static func listRepositories(_ parsed: ParsedCommand, _ administration: RepositoryAdministration)
        async throws
    {
        for json in try await administration.list() {
            if parsed.has("json") {
                emit(json.compact + "\n", to: .output)
            } else {
                let mark = json["selected"]?.bool == true ? "selected" : "-"
                emit("\(json["fullName"]?.string ?? "")\t\(mark)\t\(json["url"]?.string ?? "")\n", to: .output)
            }
        }
    }
}
