import BoxEngine
import BoxModel
import FoundationEssentials
import GRDB
import Glibc
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct SecretsAtRestTests {
    @Test func keysAreKeptAsHashes() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try await withServer(in: scratch) { api in
            #expect(api.secret.wholeMatch(of: /box_[0-9a-f]{64}/) != nil)
            #expect(try await api.get("/me").status == 200)
            #expect(try scratch.contains("alice"), "the account is in the file, so the search works")
            #expect(try !scratch.contains(api.secret))
            #expect(try !scratch.contains(String(api.secret.dropFirst(12).prefix(24))))
            let database = api.server.boxes.store.database
            let (prefix, lastFour) = try await database.pool.read { connection in
                let row = try Row.fetchOne(connection, sql: "SELECT prefix, lastFour FROM apiKey")!
                return (row["prefix"] as String, row["lastFour"] as String)
            }
            #expect(api.secret.hasPrefix(prefix) && prefix.utf8.count <= 8)
            #expect(api.secret.hasSuffix(lastFour) && lastFour.utf8.count == 4)
        }
    }

    @Test func environmentsAreSealed() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let (name, value) = ("SECRET_NAME_4711", "secret-value-4711-abcdefgh")
        let engine = TestEngine()
        let id = try await withServer(in: scratch, engine: engine) { api in
            let id = try await api.post(
                "/boxes", #"{"name":"found-me","env":{"\#(name)":"\#(value)"}}"#, headers: ["Idempotency-Key": "k"]
            ).box["id"]?.string
            await api.settle()
            _ = try await api.post("/boxes/\(id!)/fork")
            await api.settle()
            #expect(try scratch.contains("found-me"), "the box is in the file, so the search works")
            #expect(try !scratch.contains(value))
            #expect(try !scratch.contains(name))
            #expect(try await api.get("/boxes").text.contains(value) == false)
            return try #require(id)
        }
        // Another server with the same key file opens them.
        try await withServer(in: scratch, engine: engine) { api in
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            _ = try await api.post("/boxes/\(id)/resume")
            await api.settle()
            #expect(await engine.lastSpec(of: id)?.environment.map(\.value) == [value])
        }
    }

    @Test func theSameTextIsSealedDifferentlyEveryTimeAndCannotBeChanged() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let sealer = try Sealer(keyFile: scratch.path + "/secret.key")
        let (one, two) = (try sealer.seal("text"), try sealer.seal("text"))
        #expect(one != two)
        #expect(try sealer.open(one) == "text")
        for index in one.indices {
            var damaged = one
            damaged[index] ^= 1
            #expect(throws: (any Error).self) { try sealer.open(damaged) }
        }
        #expect(throws: (any Error).self) { try sealer.open(one.prefix(5)) }
        let other = try Sealer(keyFile: scratch.path + "/other.key")
        #expect(throws: (any Error).self) { try other.open(one) }
    }

    @Test func theKeyFileIsForItsOwnerOnly() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.path + "/secret.key"
        _ = try Sealer(keyFile: path)
        var status = stat()
        try #require(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(status.st_size == 32)
        #expect(throws: Never.self) { try Sealer(keyFile: path) }
        truncate(path, 31)
        #expect(throws: StartupError.self) { try Sealer(keyFile: path) }
    }

    @Test func keysOfTwoAccountsAreApart() async throws {
        try await withServer { api in
            let bob = try await api.other("bob")
            #expect(try await bob.get("/me").json["user"]?["login"] == "bob")
            #expect(try await api.get("/me").json["user"]?["login"] == "alice")
            let again = try await api.other("alice")
            #expect(again.secret != api.secret)
            let id = try await api.ready()
            #expect(try await again.get("/boxes/\(id)").status == 200, "two keys of one account")
        }
    }

    @Test func aKeyMadeBesideTheServerCounts() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try await withServer(in: scratch) { api in
            let configuration = ServerConfiguration(dataDirectory: scratch.path, host: "127.0.0.1", port: 0)
            let key = try await Administration(dataDirectory: configuration.dataDirectory).createKey(
                name: "second", login: "alice")
            #expect(key.id.hasPrefix("sak_"))
            #expect(try await api.send(.get, "/me", authorization: "Bearer \(key.secret)").status == 200)
        }
    }
}
