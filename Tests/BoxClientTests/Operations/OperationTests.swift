import BoxClient
import BoxModel
import Testing

/// The request of each operation, and the result of its answer.
@Suite struct OperationTests {
    let transport = ScriptedTransport()

    private func body(_ index: Int = 0) -> String? {
        transport.sent[index].body.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func everyRequestHasKeyAndAgent() async throws {
        transport.on("GET /me", #"{"ok":true,"type":"user.info","user":{"login":"octocat","email":"o@example.com"}}"#)
        let account = try await BoxClient.scripted(transport).me()
        #expect(account.login == "octocat")
        #expect(account.email == "o@example.com")
        let request = transport.sent[0]
        #expect(request.url == "http://127.0.0.1:7070/api/box/v1/me")
        #expect(request.header("Authorization") == "Bearer box_key")
        #expect(request.header("User-Agent")?.hasPrefix("box-swift/") == true)
        #expect(request.header("Content-Type") == nil)
        #expect(request.body == nil)
    }

    @Test func createSendsWhatIsSetAndAnIdempotencyKey() async throws {
        let answer =
            #"{"ok":true,"type":"box.created","id":"bx_1","status":"provisioning","ttlSeconds":60,"box":{"id":"bx_1","state":"provisioning"}}"#
        transport.on("POST /boxes", 202, answer).on("POST /boxes", 202, answer).on("POST /boxes", 202, answer)
        let client = try BoxClient.scripted(transport)
        let action = try await client.create()
        #expect(action.id == "bx_1")
        #expect(action.status == "provisioning")
        #expect(action.box?.state == .provisioning)
        #expect(body() == "{}")
        let machine = MachineOptions(
            type: .large, environment: [EnvironmentVariable(name: "A", value: "1")], noEnvironment: true)
        _ = try await client.create(
            CreateBoxRequest(ttl: .seconds(60), name: "web", machine: machine), idempotencyKey: "k")
        #expect(body(1) == #"{"ttlSeconds":60,"name":"web","type":"large","env":{"A":"1"},"noEnv":true}"#)
        #expect(transport.sent[1].header("Idempotency-Key") == "k")
        #expect(transport.sent[1].header("Content-Type") == "application/json")
        _ = try await client.create(CreateBoxRequest(ttl: .never))
        #expect(body(2) == #"{"ttlSeconds":null}"#)
        let keys = [0, 2].compactMap { transport.sent[$0].header("Idempotency-Key") }
        #expect(keys.count == 2 && keys[0] != keys[1])
    }

    @Test func idempotencyKeysAreUUIDs() {
        let key = IdempotencyKey.random()
        let parts = key.split(separator: "-").map(\.count)
        #expect(parts == [8, 4, 4, 4, 12])
        #expect(Array(key)[14] == "4" && "89ab".contains(Array(key)[19]))
    }

    @Test func lifecycle() async throws {
        let answer = #"{"ok":true,"type":"t","id":"bx_2","status":"s","box":null}"#
        for action in ["stop", "stop", "stop", "stop", "resume", "fork", "interrupt"] {
            transport.on("POST /boxes/bx_1/\(action)", 202, answer)
        }
        let client = try BoxClient.scripted(transport)
        _ = try await client.stop("bx_1")
        _ = try await client.stop("bx_1", force: true)
        _ = try await client.stop("bx_1", timeoutSeconds: 0)
        _ = try await client.stop("bx_1", force: true, timeoutSeconds: 600)
        _ = try await client.resume("bx_1", ResumeBoxRequest(ttl: .seconds(5)))
        let fork = try await client.fork("bx_1", MachineOptions(noEnvironment: true))
        _ = try await client.interrupt("bx_1")
        #expect(
            (0..<7).map { body($0) } == [
                nil, #"{"force":true}"#, #"{"timeoutSeconds":0}"#, #"{"force":true,"timeoutSeconds":600}"#,
                #"{"ttlSeconds":5}"#, #"{"noEnv":true}"#, nil,
            ])
        #expect(fork.id == "bx_2")
        #expect(fork.box == nil)
        #expect(transport.sent[5].header("Idempotency-Key") != nil)
    }

    @Test func updateAndRemove() async throws {
        let answer = #"{"ok":true,"type":"box.info","box":{"id":"bx_1","name":"web"}}"#
        transport.on("PATCH /boxes/bx_1", answer).on("PATCH /boxes/bx_1", answer)
            .on("DELETE /boxes/bx_1", #"{"ok":true,"type":"box.deleted","id":"bx_1","status":"deleted"}"#)
        let client = try BoxClient.scripted(transport)
        #expect(try await client.update("bx_1", BoxChanges(name: "web")).box.name == "web")
        _ = try await client.update("bx_1", BoxChanges(ttl: .never))
        #expect(try await client.remove("bx_1").id == "bx_1")
        #expect(body(0) == #"{"name":"web"}"#)
        #expect(body(1) == #"{"ttlSeconds":null}"#)
        #expect(transport.sent[2].header("X-Ascii-Confirm-Delete") == nil)
    }

    @Test func sshKey() async throws {
        transport.on(
            "POST /boxes/bx_1/sshkey",
            #"{"ok":true,"type":"ssh_key.configured","success":true,"machineIp":"10.0.0.2","sshUser":"user"}"#)
        let access = try await BoxClient.scripted(transport).addSSHKey("bx_1", publicKey: "ssh-ed25519 AAAA me")
        #expect(access.machineIP == "10.0.0.2")
        #expect(access.user == "user")
        #expect(body() == #"{"key":"ssh-ed25519 AAAA me"}"#)
    }

    @Test func anIDCannotChangeThePath() async throws {
        transport.on("GET /boxes/a%2F..%2Fb%3Fx", #"{"ok":true,"box":{"id":"x"}}"#)
        _ = try await BoxClient.scripted(transport).get("a/../b?x")
    }

    @Test func allPagesAreRead() async throws {
        transport
            .on(
                "GET /boxes?limit=200&state=ready,idle".replacing(",", with: "%2C"),
                #"{"ok":true,"boxes":[{"id":"a"},{"id":"b"}],"pageInfo":{"hasMore":true,"limit":200,"nextCursor":"c1"}}"#
            )
            .on(
                "GET /boxes?limit=200&cursor=c1&state=ready%2Cidle",
                #"{"ok":true,"boxes":[{"id":"b"},{"id":"c"}],"pageInfo":{"hasMore":false,"limit":200,"nextCursor":null}}"#
            )
        let (boxes, last) = try await BoxClient.scripted(transport).allBoxes(states: [.ready, .idle])
        #expect(boxes.map(\.id) == ["a", "b", "c"])
        #expect(last.pageInfo?.hasMore == false)
    }

    @Test func aCursorThatRepeatsEndsTheReading() async throws {
        let page = #"{"ok":true,"boxes":[],"pageInfo":{"hasMore":true,"limit":200,"nextCursor":"c"}}"#
        transport.on("GET /boxes?limit=200", page).on("GET /boxes?limit=200&cursor=c", page)
        #expect(try await BoxClient.scripted(transport).allBoxes().boxes.isEmpty)
    }

    @Test func resultsKeepWhatTheServerSent() async throws {
        let sent =
            #"{"ok":true,"type":"limits.info","z":1.50,"activeBoxes":3,"big":12345678901234567890,"new":{"b":1,"a":2}}"#
        transport.on("GET /limits", sent)
        let limits = try await BoxClient.scripted(transport).limits()
        #expect(limits.json.compact == sent)
        #expect(limits.activeBoxes == 3)
    }
}
