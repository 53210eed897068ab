import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import HostTools

/// GitHub's REST API. Requests go through curl(1), which uses the host's proxies and certificates.
package struct GitHub: Sendable {
    package let access: GitHubAccess

    /// The limit of pages of 100 repositories. A longer list is of no use to choose from.
    private static let maximumPages = 20

    /// The repositories that the token can read, and whether these are all of them.
    ///
    /// - Throws: ``APIError`` `repository_sync_failed` with what GitHub said.
    package func repositories(account: String) async throws -> (rows: [RepositoryRow], areAll: Bool) {
        var rows: [RepositoryRow] = []
        for page in 1...Self.maximumPages {
            // Another kind of response must not look like an empty list, because missing repositories are deleted here.
            guard let found = try await get("/user/repos?per_page=100&sort=full_name&page=\(page)").array else {
                throw Self.failure("GitHub answered with something that is no list of repositories")
            }
            rows += found.compactMap { Self.row($0, account: account) }
            if found.count < 100 { return (rows, true) }
        }
        return (rows, false)
    }

    private static func row(_ json: JSON, account: String) -> RepositoryRow? {
        guard let fullName = json["full_name"]?.string, RepositoryName.isValid(fullName),
            let url = json["clone_url"]?.string, RepositoryURL.isRemote(url), !RepositoryURL.hasCredentials(url)
        else { return nil }
        // A repository without commits was never pushed to.
        let moment = json["pushed_at"]?.string ?? json["created_at"]?.string
        let pushed = moment.flatMap(Timestamp.init(iso8601:)) ?? Timestamp(milliseconds: 0)
        let rights = json["permissions"]
        let permissions =
            rights?["admin"]?.bool == true ? "admin" : rights?["push"]?.bool == true ? "write" : "read"
        return RepositoryRow(
            id: "repo_" + RandomText.hex(bytes: 8), accountID: account, source: .github, url: url, fullName: fullName,
            githubID: json["id"]?.int.map(Int64.init), isPrivate: json["private"]?.bool ?? true,
            permissions: permissions,
            avatarURL: json["owner"]?["avatar_url"]?.string.flatMap {
                $0.hasPrefix("https://") && $0.utf8.count <= 500 ? $0 : nil
            }, ownerType: json["owner"]?["type"]?.string == "Organization" ? "Organization" : "User",
            defaultBranch: json["default_branch"]?.string.flatMap { BranchName.isValid($0) ? $0 : nil },
            pushedAt: pushed.milliseconds)
    }

    /// curl reads the token from its standard input, because all users of the host can see arguments.
    private func get(_ path: String) async throws -> JSON {
        let configuration = """
            url = "\(access.apiURL)\(path)"
            header = "Accept: application/vnd.github+json"
            header = "Authorization: Bearer \(access.token)"
            user-agent = "boxd/\(ProductVersion.current)"
            proto = "=http,https"
            max-time = 20
            max-filesize = 4000000
            write-out = "\\n%{http_code}"
            silent
            show-error

            """
        let output: String
        do {
            output = try await Tool.run(
                "curl", ["--disable", "--config", "-"], input: configuration, timeout: .seconds(30))
        } catch let error as EngineError {
            throw Self.failure(
                "GitHub can't be reached from the server: \(Self.reason(error.diagnostics))", diagnostics: "\(error)")
        }
        let status = output.split(separator: "\n").last.flatMap { Int($0) } ?? 0
        let body = output.dropLast(output.reversed().prefix { $0 != "\n" }.count)
        let json = try? JSON.parse(String(body))
        guard status == 200, let json else {
            throw Self.failure("GitHub answered \(status): \(json?["message"]?.string?.prefix(200) ?? "no reason")")
        }
        return json
    }

    /// Why curl failed, by the number that it prints before its message (curl(1), EXIT CODES).
    package static func reason(_ said: String) -> String {
        let number = said.firstRange(of: "curl: (").map { said[$0.upperBound...].prefix { $0 != ")" } }
        return switch number.flatMap({ Int($0) }) {
        case 5, 6: "its name can't be resolved"
        case 7: "nothing answers there"
        case 28: "it took too long"
        case 35, 51, 53, 54, 58, 59, 60, 77, 83, 90, 91: "there is no TLS connection that can be trusted"
        case 52, 56: "the connection broke"
        case 63: "its answer is too large"
        default: "the server's log says why"
        }
    }

    private static func failure(_ message: String, diagnostics: String = "") -> APIError {
        APIError(.repositorySyncFailed, message, diagnostics: diagnostics)
    }
}
