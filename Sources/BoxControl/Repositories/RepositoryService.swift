import BoxEngine
import BoxModel
import BoxStore
import FoundationEssentials
import Glibc
import HostTools

/// Lists repositories and clones them into boxes.
package struct RepositoryService: Sendable {
    package let store: RepositoryStore
    package let github: GitHubStore
    package let engine: any MachineEngine
    /// The directory of temporary files that are copied into a box. Only root can read it.
    package let scratchDirectory: String
    private let syncs = JoinedWork()

    package init(store: RepositoryStore, github: GitHubStore, engine: any MachineEngine, scratchDirectory: String) {
        (self.store, self.github, self.engine, self.scratchDirectory) = (store, github, engine, scratchDirectory)
    }

    /// Fetches the account's repositories from GitHub, if requested or never done before.
    package func sync(_ account: Account, isWanted: Bool) async throws {
        guard let (access, isSynced) = try await github.access(of: account.id), isWanted || !isSynced else { return }
        try await syncs.join(account.id) {
            let found = try await GitHub(access: access).repositories(account: account.id)
            try await store.updateGitHub(found.rows, account: account.id, removingOthers: found.areAll)
            try await github.recordSync(of: account.id)
        }
    }

    // MARK: Cloning

    /// The timeout of a clone in seconds.
    private static let cloneTimeout = 600
    /// In bytes: the limit of git's standard output and of its standard error. Only the end of a message is reported.
    private static let outputLimit = 64 << 10

    /// Clones a repository into a box's home directory. Does nothing when that repository is already there.
    ///
    /// - Throws: ``CloneFailure``.
    func clone(_ repository: SelectedRepository, into box: String) async throws {
        do {
            let (url, environment) = try await reachable(repository.row, from: box)
            let outcome = try await engine.run(
                MachineCommand(
                    script: Self.script,
                    arguments: ["clone", repository.row.name, url, repository.branch ?? "", repository.row.url],
                    environment: environment, timeout: Self.cloneTimeout, outputLimit: Self.outputLimit),
                in: box)
            guard outcome.exitCode == 0 else {
                let said = String(decoding: outcome.stderr, as: UTF8.self).split(separator: "\n").suffix(3)
                throw CloneFailure(outcome.timedOut ? "it took too long" : said.joined(separator: "; "))
            }
        } catch let error as EngineError {
            throw CloneFailure(error.message, diagnostics: error.diagnostics)
        } catch let refusal as GuestRefusal {
            throw CloneFailure(refusal.message)
        }
    }

    /// Clones into a directory of another name first, so that a partial clone never has the final name.
    private static let script = """
        set -e
        name=$1 url=$2 branch=$3 origin=$4
        for left in /tmp/.box-*.bundle; do [ "$left" = "$url" ] || rm -f -- "$left"; done
        if [ -e "$name" ]; then
            # One that was cloned before boxd could take a note of it is what was asked for.
            [ "$(git -C "$name" remote get-url origin 2>/dev/null)" = "$origin" ] || {
                echo "there is something else called $name in the home directory" >&2
                exit 1
            }
        else
            part=.box-clone-$name
            trap 'rm -rf -- "$part"; case $url in /tmp/.box-*) rm -f -- "$url";; esac' EXIT
            rm -rf -- "$part"
            git clone --quiet ${branch:+"--branch=$branch"} -- "$url" "$part"
            git -C "$part" remote set-url origin "$origin"
            mv -T -- "$part" "$name"
        fi
        """

    /// The URL and environment with which git in the box can clone the repository.
    private func reachable(_ row: RepositoryRow, from box: String) async throws -> (
        url: String, environment: [(name: String, value: String)]
    ) {
        if row.isOnHost { return (try await carry(row, into: box), []) }
        var environment = [
            (name: "GIT_TERMINAL_PROMPT", value: "0"),
            // git gives up when a server sends less than 1000 bytes a second for a minute.
            (name: "GIT_HTTP_LOW_SPEED_LIMIT", value: "1000"), (name: "GIT_HTTP_LOW_SPEED_TIME", value: "60"),
            (name: "GIT_SSH_COMMAND", value: "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"),
        ]
        if row.source == .github, let access = try await github.access(of: row.accountID)?.access {
            // Passed to this one clone only, so that the token is never on the box's disk.
            let credentials = Base64.encode(Array("x-access-token:\(access.token)".utf8))
            environment += [
                (name: "GIT_CONFIG_COUNT", value: "1"),
                (name: "GIT_CONFIG_KEY_0", value: "http.\(row.url).extraHeader"),
                (name: "GIT_CONFIG_VALUE_0", value: "Authorization: Basic \(credentials)"),
            ]
        }
        return (row.url, environment)
    }

    /// Copies a repository of the host into the box as one file (git-bundle(1)).
    ///
    /// git runs as the repository's owner, because the repository's configuration can name programs. It writes to a
    /// file that only boxd can open.
    private func carry(_ row: RepositoryRow, into box: String) async throws -> String {
        guard let owner = RepositoryURL.owner(ofPath: row.url) else {
            throw CloneFailure("there is no repository at \(row.url) on the server, or its path leads through a link")
        }
        let name = ".box-\(RandomText.hex(bytes: 8)).bundle"
        let bundle = "\(scratchDirectory)/\(name)"
        defer { unlink(bundle) }
        do {
            try await Tool.run(
                "env",
                [
                    "HOME=/", "GIT_CONFIG_GLOBAL=/dev/null", "git", "-C", row.url, "bundle", "create", "--quiet", "-",
                    "--all", "HEAD",
                ], into: bundle, user: owner, timeout: .seconds(300))
        } catch let error as EngineError {
            // HEAD names a branch without commits.
            let isEmpty = error.diagnostics.contains("ambiguous argument 'HEAD'")
            throw CloneFailure(
                isEmpty ? "it has no commits yet" : "git can't read it on the server, whose log says why",
                diagnostics: "\(error)")
        }
        try await engine.writeFile("/tmp/\(name)", .file(bundle), in: box)
        return "/tmp/\(name)"
    }
}

/// Why a repository couldn't be cloned, as a message for the box's owner.
struct CloneFailure: Error, CustomStringConvertible {
    let description: String
    /// For the server's log only.
    let diagnostics: String

    init(_ description: String, diagnostics: String = "") {
        (self.description, self.diagnostics) = (description, diagnostics)
    }
}
