import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// `/repos`, and the cloning of repositories into boxes.
struct RepositoryTests {
    /// Adds repositories of other hosts for alice, the last one with the latest push. Returns their ids.
    private func offer(_ names: [String], _ api: API) async throws -> [String] {
        let account = try await api.server.keys.account(login: "alice").id
        var ids: [String] = []
        for (index, name) in names.enumerated() {
            let row = RepositoryRow(
                id: "repo_\(index)", accountID: account, source: .configured, url: "https://example.org/\(name).git",
                fullName: name, githubID: nil, isPrivate: false, permissions: nil, avatarURL: nil, ownerType: "User",
                defaultBranch: nil, pushedAt: Int64(1000 + index))
            ids.append(try await api.server.repositories.store.insert(row).id)
        }
        return ids
    }

    @Test func pagesHaveEachOnceInOrder() async throws {
        try await withServer { api async throws in
            _ = try await offer(["a/one", "a/two", "b/three"], api)
            var (names, cursor): ([String], String?) = ([], nil)
            repeat {
                let page = try await api.get("/repos?limit=1" + (cursor.map { "&cursor=\($0)" } ?? ""))
                names += (page.json["installations"]?.array ?? []).flatMap { $0["repositories"]?.array ?? [] }
                    .compactMap { $0["fullName"]?.string }
                cursor = page.json["pageInfo"]?["nextCursor"]?.string
            } while cursor != nil
            #expect(names == ["b/three", "a/two", "a/one"])
        }
    }

    @Test func whatAnIncompleteListLeavesOutStays() async throws {
        try await withServer { api async throws in
            let account = try await api.server.keys.account(login: "alice").id
            let store = api.server.repositories.store
            func row(_ name: String) -> RepositoryRow {
                RepositoryRow(
                    id: "repo_\(name)", accountID: account, source: .github, url: "https://github.com/a/\(name).git",
                    fullName: "a/\(name)", githubID: nil, isPrivate: true, permissions: "read", avatarURL: nil,
                    ownerType: "User", defaultBranch: nil, pushedAt: 1000)
            }
            try await store.updateGitHub([row("one"), row("two")], account: account, removingOthers: true)
            _ = try await api.post("/repos", #"{"repositoryId":"repo_one"}"#)
            try await store.updateGitHub([row("two"), row("three")], account: account, removingOthers: false)
            #expect(try await store.selected(by: account).map(\.row.id) == ["repo_one"])
            #expect(try await store.all(of: account).count == 3)
            try await store.updateGitHub([row("two")], account: account, removingOthers: true)
            #expect(try await store.all(of: account).map(\.id) == ["repo_two"])
            #expect(try await store.selected(by: account).isEmpty)
        }
    }

    @Test func selectedOnesAreClonedBeforeTheBoxIsReady() async throws {
        try await withServer { api async throws in
            let ids = try await offer(["a/one", "a/two"], api)
            #expect(try await api.post("/repos", #"{"repositoryId":"\#(ids[1])","baseBranch":"dev"}"#).status == 200)
            await api.engine.hold(.run)
            let id = try await api.create()
            while await !api.engine.isWaiting(in: .run) { await Task.yield() }
            #expect(try await api.state(id) == "cloning")
            #expect(try await api.get("/boxes/\(id)/files?path=x").code == "box_starting")
            let asked = SeenCommands()
            await api.engine.books.answerCommands { command in
                await asked.add(command)
                return CommandOutcome(exitCode: 0, workingDirectory: "/", startedAt: .now, finishedAt: .now)
            }
            await api.engine.release(.run)
            await api.settle()
            #expect(try await api.state(id) == "ready")
            let command = try #require(await asked.commands.first)
            #expect(
                command.arguments.dropFirst() == [
                    "two", "https://example.org/a/two.git", "dev", "https://example.org/a/two.git",
                ])
            #expect(await asked.commands.count == 1)
        }
    }

    @Test func aFailureIsToldAndTheBoxKept() async throws {
        try await withServer { api async throws in
            let ids = try await offer(["a/one", "a/two"], api)
            for id in ids { _ = try await api.post("/repos", #"{"repositoryId":"\#(id)"}"#) }
            await api.engine.books.answerCommands { command in
                let isBad = command.arguments.contains("one")
                var outcome = CommandOutcome(
                    exitCode: isBad ? 128 : 0, workingDirectory: "/", startedAt: .now, finishedAt: .now)
                outcome.stderr = Array("fatal: no such thing\n".utf8)
                return outcome
            }
            let id = try await api.ready()
            let warnings = try await api.box(id)["warnings"]?.array
            #expect(warnings == ["repository a/one could not be cloned: fatal: no such thing"])
        }
    }

    @Test func aStopGivesCloningUp() async throws {
        try await withServer { api async throws in
            let ids = try await offer(["a/one"], api)
            _ = try await api.post("/repos", #"{"repositoryId":"\#(ids[0])"}"#)
            await api.engine.books.answerCommands { _ in
                try await Task.sleep(for: .seconds(600))
                return CommandOutcome(exitCode: 0, workingDirectory: "/", startedAt: .now, finishedAt: .now)
            }
            let id = try await api.create()
            while try await api.state(id) != "cloning" { await Task.yield() }
            #expect(try await api.post("/boxes/\(id)/stop").status == 202)
            await api.settle()
            #expect(try await api.state(id) == "archived")
            await api.engine.books.answerCommands { _ in
                CommandOutcome(exitCode: 0, workingDirectory: "/", startedAt: .now, finishedAt: .now)
            }
            _ = try await api.post("/boxes/\(id)/resume")
            await api.settle()
            #expect(try await api.state(id) == "ready")
            #expect(await api.engine.calls(.run) == 2)
        }
    }

    @Test func anotherAccountSeesNone() async throws {
        try await withServer { api async throws in
            let ids = try await offer(["a/one"], api)
            let other = try await api.other("bob")
            #expect(try await other.get("/repos").json["installations"]?.array == [])
            #expect(try await other.post("/repos", #"{"repositoryId":"\#(ids[0])"}"#).status == 404)
        }
    }

    @Test(arguments: ["", "-x", "a..b", "a b", "a~1", "/a", "a/", "a/.b", "x.lock", "@", "a@{1}", "a\u{7F}", "a\\b"])
    func namesThatNoBranchCanHave(name: String) { #expect(!BranchName.isValid(name)) }

    @Test(arguments: ["main", "feature/x-1", "v1.2", "ü"])
    func namesOfBranches(name: String) { #expect(BranchName.isValid(name)) }

    @Test(arguments: [
        ("https://github.com/acme/site.git", "acme/site"), ("git@example.org:team/tools.git", "team/tools"),
        ("/srv/git/tools.git/", "git/tools"), ("/tools", "local/tools"),
    ])
    func aNameIsMadeOfTheEndOfAURL(url: String, name: String) { #expect(RepositoryName.guess(from: url) == name) }

    @Test(arguments: [
        ("https://example.org/a/b", true), ("git@example.org:a/b", true), ("ssh://git@example.org/a", true),
        ("ext::sh -c id", false), ("file:///etc", false), ("-upload-pack=x@y:z", false), ("https://", false),
        ("https://a b/c", false), ("../x", false), ("a/b@c:d", false),
    ])
    func urlsThatGitMayClone(url: String, isValid: Bool) { #expect(RepositoryURL.isRemote(url) == isValid) }
}

private actor SeenCommands {
    private(set) var commands: [MachineCommand] = []
    func add(_ command: MachineCommand) { commands.append(command) }
}
