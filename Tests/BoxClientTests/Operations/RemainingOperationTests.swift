import BoxClient
import BoxModel
import Synchronization
import Testing

/// API keys, secrets, repositories, files, commands and desktops: the requests and the results of the answers.
@Suite struct RemainingOperationTests {
    let transport = ScriptedTransport()

    private func client() throws -> BoxClient { try BoxClient.scripted(transport) }
    private func body(_ index: Int = 0) -> String? {
        transport.sent[index].body.map { String(decoding: $0, as: UTF8.self) }
    }
    private func error(_ status: Int, _ code: String) -> String {
        #"{"ok":false,"type":"box.error","status":\#(status),"code":"\#(code)","message":"m"}"#
    }

    @Test func apiKeys() async throws {
        let key =
            #"{"id":"sak_1","name":"ci","keyPrefix":"box_ab","keyLastFour":"wxyz","createdAt":"2026-05-28T16:00:33.143Z","lastUsedAt":null}"#
        transport
            .on("GET /api-keys", #"{"ok":true,"type":"api_key.list","apiKeys":[\#(key)]}"#)
            .on("POST /api-keys", #"{"ok":true,"apiKeys":[\#(key)],"apiKey":\#(key),"secret":"box_s"}"#)
            .on("POST /api-keys", #"{"ok":true,"apiKeys":[],"secret":"box_t"}"#)
            .on("POST /api-keys/sak_1/rotate", #"{"ok":true,"apiKeys":[],"apiKey":\#(key),"secret":"box_u"}"#)
            .on("DELETE /api-keys/sak_1", #"{"ok":true,"type":"api_key.deleted","apiKeys":[]}"#)
        let client = try client()
        let listed = try await client.apiKeys().keys[0]
        #expect(listed.id == "sak_1" && listed.name == "ci" && listed.prefix == "box_ab" && listed.lastFour == "wxyz")
        #expect(listed.createdAt == Timestamp(iso8601: "2026-05-28T16:00:33.143Z") && listed.lastUsedAt == nil)
        let created = try await client.createAPIKey(name: "ci")
        #expect(created.secret == "box_s" && created.key?.id == "sak_1")
        #expect(try await client.createAPIKey().secret == "box_t")
        #expect(try await client.rotateAPIKey("sak_1").secret == "box_u")
        #expect(try await client.deleteAPIKey("sak_1").keys.isEmpty)
        #expect((0..<5).map { body($0) } == [nil, #"{"name":"ci"}"#, "{}", nil, nil])
        transport.on("POST /api-keys", #"{"ok":true,"apiKeys":[]}"#)
        let shape = await boxError { try await client.createAPIKey() }
        #expect(
            shape == .invalidResponse(origin: "http://127.0.0.1:7070", status: 200, reason: "it has no secret"))
    }

    @Test func idsCannotChangeThePath() async throws {
        transport.on("DELETE /api-keys/..%2Fboxes", 404, error(404, "not_found"))
        let client = try client()
        guard case .api(let failure)? = await boxError({ try await client.deleteAPIKey("../boxes") }) else { return }
        #expect(failure.code == .notFound)
    }

    @Test func secrets() async throws {
        let answer =
            #"{"ok":true,"environmentId":"e","envContents":"A=1\n","secretFiles":[{"path":".npmrc","contents":"t"}]"#
        transport.on("GET /secrets", answer + "}")
            .on("POST /secrets", answer + #","pushed":{"updated":2,"failed":1}}"#)
        let client = try client()
        let setup = try await client.secrets()
        #expect(setup.envContents == "A=1\n")
        #expect(setup.secretFiles == [SecretFile(path: ".npmrc", contents: "t")])
        #expect(setup.updatedBoxes == nil)
        let updated = try await client.updateSecrets(envContents: "B=2", secretFiles: setup.secretFiles)
        #expect(body(1) == #"{"envContents":"B=2","secretFiles":[{"path":".npmrc","contents":"t"}]}"#)
        #expect(updated.updatedBoxes == 2 && updated.failedBoxes == 1)
    }

    @Test(arguments: [
        #"{"ok":true,"envContents":"\ud800","secretFiles":[]}"#,
        #"{"ok":true,"envContents":"","secretFiles":[{"path":"a"}]}"#, #"{"ok":true,"envContents":1}"#,
    ])
    func secretsThatCannotBeSentBackWholeAreRefused(_ answer: String) async throws {
        transport.on("GET /secrets", answer)
        let client = try client()
        let error = await boxError { try await client.secrets() }
        let reason = "its envContents or secretFiles can't be read"
        #expect(error == .invalidResponse(origin: "http://127.0.0.1:7070", status: 200, reason: reason))
    }

    @Test func repositories() async throws {
        let repo = #"{"id":1,"databaseId":"77","name":"web","fullName":"octo/web","private":true}"#
        transport
            .on(
                "GET /repos?sync=true&limit=5&cursor=c%3D&sort=asc&q=octo%2Fweb&selected=false",
                #"{"ok":true,"installations":[{"accountLogin":"octo","repositories":[\#(repo)]}],"environmentId":"e","selectedRepositories":[],"pageInfo":{"hasMore":true,"limit":5,"nextCursor":"d"}}"#
            )
            .on(
                "GET /repos",
                #"{"ok":true,"installations":[],"selectedRepositories":[{"databaseId":"77","baseBranch":"dev"}]}"#
            )
            .on("POST /repos", #"{"ok":true,"success":true,"selectedRepositories":[\#(repo)]}"#)
            .on("POST /repos", #"{"ok":true,"success":true,"selectedRepositories":[]}"#)
        let client = try client()
        let page = try await client.repos(
            sync: true, limit: 5, cursor: "c=", sort: .ascending, query: "octo/web", selected: false)
        #expect(page.repositories.map(\.fullName) == ["octo/web"])
        #expect(page.repositories[0].databaseID == "77" && page.repositories[0].isPrivate == true)
        #expect(page.nextCursor == "d")
        #expect(try await client.repos().selected[0].baseBranch == "dev")
        #expect(try await client.selectRepo(repositoryID: "77", baseBranch: "dev").selected[0].name == "web")
        _ = try await client.selectRepo(repositoryID: "78")
        #expect(body(2) == #"{"repositoryId":"77","baseBranch":"dev"}"#)
        #expect(body(3) == #"{"repositoryId":"78"}"#)
    }

    @Test func files() async throws {
        transport
            .on(
                "GET /boxes/bx_1/files?path=a%20b%2Fc.bin&encoding=base64",
                #"{"ok":true,"type":"file.read","success":true,"path":"a b/c.bin","encoding":"base64","size":2,"content":"AP8="}"#
            )
            .on(
                "GET /boxes/bx_1/files?path=n&encoding=utf8",
                #"{"ok":true,"path":"n","encoding":"utf8","size":2,"content":"ü"}"#
            )
            .on("PUT /boxes/bx_1/files", #"{"ok":true,"path":"n","encoding":"utf8","size":2}"#)
            .on("PUT /boxes/bx_1/files", #"{"ok":true,"path":"n","encoding":"base64","size":1}"#)
        let client = try client()
        #expect(try await client.readFile("bx_1", path: "a b/c.bin").bytes == [0, 0xFF])
        #expect(try await client.readFile("bx_1", path: "n", encoding: .utf8).bytes == Array("ü".utf8))
        #expect(try await client.writeFile("bx_1", path: "n", bytes: Array("ü".utf8)).size == 2)
        _ = try await client.writeFile("bx_1", path: "n", bytes: [0xFF])
        #expect(body(2) == #"{"path":"n","content":"ü","encoding":"utf8"}"#)
        #expect(body(3) == #"{"path":"n","content":"/w==","encoding":"base64"}"#)
        transport.on("GET /boxes/bx_1/files?path=n&encoding=base64", #"{"ok":true,"encoding":"base64","content":"?"}"#)
        let broken = await boxError { try await client.readFile("bx_1", path: "n") }
        let reason = "its content can't be read"
        #expect(broken == .invalidResponse(origin: "http://127.0.0.1:7070", status: 200, reason: reason))
    }

    @Test(arguments: [
        (404, "file_not_found"), (400, "invalid_path"), (400, "machine_not_running"), (409, "box_starting"),
    ])
    func fileErrors(_ status: Int, _ code: String) async throws {
        for _ in 0..<2 { transport.on("GET /boxes/bx_1/artifacts?path=x", status, error(status, code)) }
        let client = try client()
        guard case .api(let failure)? = await boxError({ try await client.artifact("bx_1", path: "x") }) else { return }
        #expect(failure.code.rawValue == code && failure.status == status && failure.message == "m")
        let streamed = await boxError {
            try await client.artifact("bx_1", path: "x") { _ in Issue.record("an error's body was handed on") }
        }
        #expect(streamed == .api(failure))
    }

    @Test func artifactsAreBytes() async throws {
        transport.on("GET /boxes/bx_1/artifacts?path=%2Ftmp%2Fa", "{\"ok\":false}")
            .on("GET /boxes/bx_1/artifacts?path=a", 200, "")
        let client = try client()
        #expect(try await client.artifact("bx_1", path: "/tmp/a") == Array("{\"ok\":false}".utf8))
        #expect(transport.sent[0].header("Accept") == "application/octet-stream")
        #expect(transport.sent[0].timeout == .seconds(3600) && transport.sent[0].stallTimeout == .seconds(60))
        #expect(try await client.artifact("bx_1", path: "a") == [])
    }

    @Test func commands() async throws {
        let answer =
            #"{"ok":true,"type":"command.finished","success":false,"exitCode":3,"signal":null,"stdout":"o\ud800","stderr":"e","stdoutTruncated":true,"stderrTruncated":false,"timedOut":false,"cwd":"app"}"#
        for _ in 0..<3 { transport.on("POST /boxes/bx_1/commands", answer) }
        let client = try client()
        let result = try await client.command("bx_1", "exit 3", cwd: "app", timeoutSeconds: 600)
        #expect(result.exitCode == 3 && result.signal == nil && !result.timedOut)
        #expect(result.stdout == "o\u{FFFD}" && result.stderr == "e")
        #expect(result.stdoutIsTruncated && !result.stderrIsTruncated)
        _ = try await client.command("bx_1", "true")
        _ = try await client.command("bx_1", "true", timeoutSeconds: 45)
        #expect(body(0) == #"{"command":"exit 3","cwd":"app","timeoutSeconds":600}"#)
        #expect(body(1) == #"{"command":"true"}"#)
        #expect(transport.sent.map(\.timeout) == [.seconds(630), .seconds(60), .seconds(75)])
        transport.on("POST /boxes/bx_1/commands", #"{"ok":true}"#)
        let shape = await boxError { try await client.command("bx_1", "true") }
        #expect(shape == .invalidResponse(origin: "http://127.0.0.1:7070", status: 200, reason: "it has no exitCode"))
    }

    @Test func writesAreNeverRepeated() async throws {
        let client = try client()
        let calls: [(String, @Sendable () async throws -> Void)] = [
            ("POST /api-keys", { _ = try await client.createAPIKey() }),
            ("POST /api-keys/k/rotate", { _ = try await client.rotateAPIKey("k") }),
            ("DELETE /api-keys/k", { _ = try await client.deleteAPIKey("k") }),
            ("POST /secrets", { _ = try await client.updateSecrets(envContents: "", secretFiles: []) }),
            ("POST /repos", { _ = try await client.selectRepo(repositoryID: "1") }),
            ("PUT /boxes/b/files", { _ = try await client.writeFile("b", path: "p", bytes: []) }),
            ("POST /boxes/b/commands", { _ = try await client.command("b", "c") }),
            ("POST /boxes/b/desktop", { _ = try await client.desktop("b") }),
        ]
        for (request, call) in calls {
            transport.fail(request, .interrupted, "reset")
            let error = await boxError { try await call() }
            #expect(error == .network(origin: "http://127.0.0.1:7070", reason: "reset"), "\(request)")
        }
        #expect(transport.sent.count == calls.count)
    }

    @Test func readsAreRepeated() async throws {
        transport.fail("GET /secrets", .interrupted, "reset").on("GET /secrets", #"{"ok":true}"#)
            .fail("GET /boxes/b/artifacts?path=p", .interrupted, "reset").on("GET /boxes/b/artifacts?path=p", "x")
        let client = try client()
        #expect(try await client.secrets().envContents == "")
        #expect(try await client.artifact("b", path: "p") == Array("x".utf8))
    }
}
