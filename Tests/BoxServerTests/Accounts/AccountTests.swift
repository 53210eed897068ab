import BoxEngine
import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Administration of accounts beside a server, through its own database connection like another process.
struct AccountTests {
    /// Runs a test with a server and an administration of its data directory.
    private func withBoth<Value: Sendable>(
        engine: TestEngine = TestEngine(), _ body: @escaping @Sendable (API, Administration) async throws -> Value
    ) async throws -> Value {
        let scratch = try Scratch()
        defer { scratch.remove() }
        return try await withServer(in: scratch, engine: engine) { api async throws in
            let configuration = ServerConfiguration(dataDirectory: scratch.path, host: "", port: 0)
            return try await body(api, Administration(dataDirectory: configuration.dataDirectory))
        }
    }

    private func works(_ api: API, _ secret: String) async throws -> Bool {
        try await api.send(.get, "/me", authorization: "Bearer \(secret)").status == 200
    }

    @Test func aNewAccountGetsAKeyAndHasItsOwnName() async throws {
        try await withBoth { api, administration async throws in
            let made = try await administration.addAccount(
                "carol", email: "carol@example.com", AccountLimits(boxes: .limit(3), perDay: .unlimited))
            #expect(made["login"] == "carol")
            #expect(made["maxBoxes"] == 3)
            #expect(made["maxPerMinute"] == "default")
            #expect(made["maxPerDay"] == "none")
            let key = try await administration.createKey(name: "ci", login: "carol")
            let me = try await api.send(.get, "/me", authorization: "Bearer \(key.secret)")
            #expect(me.json["user"] == ["login": "carol", "email": "carol@example.com"])
            let limits = try await api.send(.get, "/limits", authorization: "Bearer \(key.secret)")
            #expect(limits.json["maxActiveBoxes"] == 3)
        }
    }

    @Test func changesCountFromTheNextRequestOn() async throws {
        try await withBoth { api, administration async throws in
            #expect(try await api.get("/limits").json["maxActiveBoxes"] == 100)
            _ = try await administration.setAccount("alice", email: nil, AccountLimits(boxes: .limit(7)))
            #expect(try await api.get("/limits").json["maxActiveBoxes"] == 7)
            _ = try await administration.setAccount("alice", email: "new@example.com", AccountLimits(boxes: .standard))
            #expect(try await api.get("/limits").json["maxActiveBoxes"] == 100)
            #expect(try await api.get("/me").json["user"]?["email"] == "new@example.com")
        }
    }

    @Test(arguments: ["", "Alice", "-x", ".x", "a b", "a/b", "ä", "a\n", String(repeating: "a", count: 65)])
    func badLoginsAreRefused(_ login: String) async throws {
        try await withBoth { _, administration async throws in
            await #expect(throws: AdministrationError.self) {
                try await administration.addAccount(login, email: nil, AccountLimits())
            }
            #expect(try await administration.accountList().map(\.login) == ["alice"])
        }
    }

    @Test(arguments: ["", "x", "@x", "x@", "a@b@c", "a b@c", "a@b\u{7}", "<a@b>"])
    func badEmailsAreRefused(_ email: String) async throws {
        try await withBoth { _, administration async throws in
            await #expect(throws: AdministrationError.self) {
                try await administration.setAccount("alice", email: email, AccountLimits())
            }
            #expect(try await administration.accountList().map(\.email) == ["alice@localhost"])
        }
    }

    @Test(arguments: [
        ("default", Quota.standard), ("none", .unlimited), ("1", .limit(1)), ("1000000", .limit(1_000_000)), ("0", nil),
        ("-1", nil), ("1000001", nil), ("", nil), ("many", nil), ("1.5", nil),
    ])
    func quotasAreRead(text: String, quota: Quota?) {
        #expect(Quota(text) == quota)
    }

    @Test func aTakenLoginIsRefusedAndUnknownOnesNameTheOthers() async throws {
        try await withBoth { _, administration async throws in
            await #expect(throws: AdministrationError("there is an account alice already")) {
                try await administration.addAccount("alice", email: nil, AccountLimits())
            }
            for attempt in 0..<3 {
                let error = await #expect(throws: AdministrationError.self) {
                    switch attempt {
                    case 0: _ = try await administration.setAccount("bob", email: nil, AccountLimits())
                    case 1: _ = try await administration.removeAccount("bob", deletingBoxes: true)
                    default: _ = try await administration.createKey(name: "x", login: "bob")
                    }
                }
                #expect(error?.description.contains("no account \"bob\": use one of alice") == true)
            }
        }
    }

    @Test func onlyANewServersFirstKeyMakesAnAccount() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let configuration = ServerConfiguration(dataDirectory: scratch.path, host: "", port: 0)
        let administration = try Administration(dataDirectory: configuration.dataDirectory)
        await #expect(throws: AdministrationError.self) { try await administration.createKey(name: "x", login: "bob") }
        _ = try await administration.createKey(name: "x", login: nil)
        _ = try await administration.createKey(name: "y", login: nil)
        #expect(try await administration.accountList().map(\.login) == ["local"])
        #expect(try await administration.keyList(login: nil).map(\.name) == ["x", "y"])
        _ = try await administration.addAccount("bob", email: nil, AccountLimits())
        #expect(try await administration.removeAccount("local", deletingBoxes: false) == 0)
        await #expect(throws: AdministrationError.self) { try await administration.createKey(name: "z", login: nil) }
    }

    @Test func keysAreListedAndDeletedForEverybody() async throws {
        try await withBoth { api, administration async throws in
            let bob = try await api.other("bob")
            #expect(try await works(bob, bob.secret))
            let keys = try await administration.keyList(login: nil)
            #expect(keys.map(\.login) == ["alice", "bob"])
            let key = try #require(try await administration.keyList(login: "bob").first)
            #expect(key.json["account"] == "bob")
            #expect(key.json["id"] == .string(key.id))
            #expect(!key.json.compact.contains(bob.secret))
            try await administration.deleteKey(key.id)
            #expect(try await works(bob, bob.secret) == false, "it stops at once")
            #expect(try await works(api, api.secret))
            await #expect(throws: AdministrationError.self) { try await administration.deleteKey(key.id) }
        }
    }

    // MARK: Removing

    @Test func anAccountWithBoxesIsOnlyRemovedWithThem() async throws {
        try await withBoth { api, administration async throws in
            let (id, stopped) = (try await api.ready(), try await api.archived())
            let error = await #expect(throws: AdministrationError.self) {
                try await administration.removeAccount("alice", deletingBoxes: false)
            }
            #expect(error?.description.contains("2 boxes: add --delete-boxes") == true)
            #expect(try await api.state(id) == "ready")
            #expect(try await administration.removeAccount("alice", deletingBoxes: true) == 2)
            #expect(try await works(api, api.secret) == false)
            #expect(try await administration.accountList().map(\.isRemoving) == [true])
            await #expect(throws: AdministrationError.self) {
                try await administration.createKey(name: "x", login: "alice")
            }
            await #expect(throws: AdministrationError.self) {
                try await administration.addAccount("alice", email: nil, AccountLimits())
            }
            try await api.server.boxes.retryDeletions()
            try await api.server.accounts.eraseEmptied()
            #expect(try await administration.accountList().isEmpty)
            #expect(try await api.row(id) == nil)
            #expect(try await api.row(stopped) == nil)
            #expect(await api.engine.machines() == [])
            _ = try await administration.addAccount("alice", email: nil, AccountLimits())
            let key = try await administration.createKey(name: "x", login: "alice")
            let boxes = try await api.send(.get, "/boxes", authorization: "Bearer \(key.secret)")
            #expect(boxes.json["boxes"] == [], "the new one has nothing of the old one")
        }
    }

    @Test func othersKeepWhatTheyHave() async throws {
        try await withBoth { api, administration async throws in
            let bob = try await api.other("bob")
            let (mine, theirs) = (try await api.ready(), try await bob.ready())
            #expect(try await administration.removeAccount("bob", deletingBoxes: true) == 1)
            try await api.server.boxes.retryDeletions()
            try await api.server.accounts.eraseEmptied()
            #expect(try await api.row(theirs) == nil)
            #expect(try await api.state(mine) == "ready")
            #expect(try await administration.accountList().map(\.login) == ["alice"])
        }
    }

    @Test func anAccountStaysUntilItsLastBoxHasGone() async throws {
        try await withBoth { api, administration async throws in
            _ = try await api.ready()
            await api.engine.fail(.remove, with: EngineError(.failed, "busy"))
            #expect(try await administration.removeAccount("alice", deletingBoxes: true) == 1)
            try await api.server.boxes.retryDeletions()
            try await api.server.accounts.eraseEmptied()
            #expect(try await administration.accountList().map(\.login) == ["alice"])
            await api.engine.fail(.remove, with: nil)
            #expect(
                try await eventually {
                    try await api.server.boxes.retryDeletions()
                    try await api.server.accounts.eraseEmptied()
                    return try await administration.accountList().isEmpty
                })
        }
    }

    /// Requests that were authenticated before the account's removal began.
    @Test func whatIsUnderWayMakesNothingNew() async throws {
        try await withBoth { api, administration async throws in
            let account = try await api.server.accounts.account("alice")
            let stopped = try await api.archived()
            #expect(try await administration.removeAccount("alice", deletingBoxes: true) == 1)
            let options = try CreateRequest(JSONBody([]))
            await #expect(throws: APIError.self) {
                try await api.server.boxes.create(options, account: account, idempotency: nil)
            }
            await #expect(throws: APIError.self) {
                try await api.server.boxes.resume(stopped, options, account: account)
            }
            await #expect(throws: APIError.self) { try await api.server.keys.create(name: "x", account: account) }
        }
    }

    @Test func aFollowerOfARemovedAccountIsToldAtOnce() async throws {
        try await withBoth { api, administration async throws in
            let id = try await api.ready()
            let tag = try #require(try await api.get("/boxes/\(id)/events").header("ETag"))
            async let waited = api.send(
                .get, "/boxes/\(id)/events", headers: ["If-None-Match": tag, "Prefer": "wait=30"])
            #expect(try await eventually { api.server.events.commits.waiterCount == 1 })
            #expect(try await administration.removeAccount("alice", deletingBoxes: true) == 1)
            #expect(try await waited.status == 404)
        }
    }
}
