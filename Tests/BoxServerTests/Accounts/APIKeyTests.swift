import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct APIKeyTests {
    private func works(_ api: API, _ secret: String) async throws -> Bool {
        try await api.send(.get, "/me", authorization: "Bearer \(secret)").status == 200
    }
    private func issued(_ answer: Answer) throws -> (id: String, secret: String) {
        (try #require(answer.json["apiKey"]?["id"]?.string), try #require(answer.json["secret"]?.string))
    }

    @Test func aKeyIsMadeListedAndWorks() async throws {
        try await withServer { api in
            let answer = try await api.post("/api-keys", #"{"name":" ci "}"#)
            #expect(answer.status == 201)
            #expect(answer.json["type"] == "api_key.created")
            let (id, secret) = try issued(answer)
            #expect(id.hasPrefix("sak_") && secret.hasPrefix("box_"))
            let key = try #require(answer.json["apiKey"])
            #expect(key["name"] == "ci")
            #expect(secret.hasPrefix(key["keyPrefix"]?.string ?? "?"))
            #expect(secret.hasSuffix(key["keyLastFour"]?.string ?? "?"))
            #expect(key["lastUsedAt"] == .null)
            #expect(try await works(api, secret))
            let list = try await api.get("/api-keys")
            #expect(list.json["type"] == "api_key.list")
            #expect(list.json["apiKeys"]?.array?.compactMap { $0["name"]?.string } == ["test", "ci"])
            #expect(list.json["apiKeys"]?.array?.last?["lastUsedAt"]?.string != nil)
            #expect(list.json["secret"] == nil)
            #expect(!list.text.contains(secret))
        }
    }

    @Test func aRotatedKeysOldSecretStopsAtOnce() async throws {
        try await withServer { api in
            let (id, old) = try issued(try await api.post("/api-keys"))
            #expect(try await works(api, old))
            let answer = try await api.post("/api-keys/\(id)/rotate")
            #expect(answer.json["type"] == "api_key.rotated")
            let new = try issued(answer)
            #expect(new.id == id && new.secret != old)
            #expect(try await works(api, old) == false)
            #expect(try await works(api, new.secret))
        }
    }

    @Test func aDeletedKeyStopsAtOnce() async throws {
        try await withServer { api in
            let (id, secret) = try issued(try await api.post("/api-keys"))
            let answer = try await api.delete("/api-keys/\(id)")
            #expect(answer.json["type"] == "api_key.deleted")
            #expect(answer.json["apiKeys"]?.array?.count == 1)
            #expect(try await works(api, secret) == false)
            #expect(try await api.delete("/api-keys/\(id)").code == "not_found")
        }
    }

    @Test func otherAccountsKeysAreNotFound() async throws {
        try await withServer { api in
            let (id, secret) = try issued(try await api.post("/api-keys"))
            let bob = try await api.other("bob")
            #expect(try await bob.delete("/api-keys/\(id)").status == 404)
            #expect(try await bob.post("/api-keys/\(id)/rotate").status == 404)
            #expect(try await bob.get("/api-keys").json["apiKeys"]?.array?.count == 1)
            #expect(try await works(api, secret))
        }
    }

    @Test func otherMethodsAreNotAllowed() async throws {
        try await withServer { api in
            let wrong = try await api.patch("/api-keys")
            #expect(wrong.code == "method_not_allowed")
            #expect(try await api.get("/api-keys/sak_x").status == 405)
            #expect(try await api.post("/api-keys", #"{"name":""}"#).code == "invalid_name")
            #expect(try await api.post("/api-keys", #"{"name":1}"#).code == "invalid_name")
        }
    }
}
