import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct ProviderTests {
    private func put(_ api: API, _ provider: String, _ body: String) async throws -> Answer {
        try await api.send(.put, "/providers/\(provider)", body)
    }

    @Test func aProviderIsSetUpShownAndRemoved() async throws {
        try await withServer { api async throws in
            let none = try await api.get("/providers")
            #expect(none.json["type"] == "providers.list")
            #expect(
                none.json["providers"]?.array?[0] == [
                    "provider": "codex", "configured": false, "isDefault": false, "keyLastFour": nil, "baseUrl": nil,
                    "model": nil, "reasoningEffort": nil, "updatedAt": nil,
                ])
            let made = try await put(
                api, "claude",
                #"{"apiKey":"sk-ant-0123456789","baseUrl":"https://models.example.com/x","model":"opus","reasoningEffort":"max"}"#
            )
            #expect(made.status == 200)
            #expect(made.json["type"] == "provider.updated")
            #expect(!made.text.contains("sk-ant"), "the key is never shown")
            let provider = try #require(made.json["provider"])
            #expect(provider["provider"] == "claude-code")
            #expect(provider["keyLastFour"] == "6789")
            #expect(provider["isDefault"] == true, "the first one")
            #expect(provider["baseUrl"] == "https://models.example.com/x")
            #expect(try await api.get("/providers").json["providers"]?.array?[1] == provider)

            let changed = try await put(api, "claude-code", #"{"model":null,"baseUrl":"http://127.0.0.1:9"}"#)
            #expect(changed.json["provider"]?["keyLastFour"] == "6789", "what isn't given stays")
            #expect(changed.json["provider"]?["model"] == .null)
            #expect(changed.json["provider"]?["reasoningEffort"] == "max")

            #expect(try await put(api, "codex", #"{"apiKey":"key-12345"}"#).json["provider"]?["isDefault"] == false)
            #expect(try await put(api, "codex", #"{"isDefault":true}"#).json["provider"]?["isDefault"] == true)
            let removed = try await api.delete("/providers/codex")
            #expect(removed.json["type"] == "provider.deleted")
            #expect(removed.json["status"] == "deleted")
            #expect(
                try await api.get("/providers").json["providers"]?.array?[1]["isDefault"] == true, "somebody has to be"
            )
            #expect(try await api.delete("/providers/codex").status == 404)
        }
    }

    @Test func providersAreAnAccountsOwn() async throws {
        try await withServer { api async throws in
            _ = try await put(api, "codex", #"{"apiKey":"key-12345"}"#)
            let bob = try await api.other("bob")
            #expect(try await bob.get("/providers").json["providers"]?.array?[0]["configured"] == false)
            #expect(try await bob.delete("/providers/codex").status == 404)
            #expect(try await api.get("/providers").json["providers"]?.array?[0]["configured"] == true)
        }
    }

    @Test(arguments: [
        ("gemini", #"{"apiKey":"key-12345"}"#, "invalid_provider"), ("codex", "{}", "no_changes"),
        ("codex", #"{"model":"gpt-5.5"}"#, "invalid_api_key"), ("codex", #"{"apiKey":""}"#, "invalid_api_key"),
        ("codex", #"{"apiKey":"1234567"}"#, "invalid_api_key"),
        ("codex", #"{"apiKey":"zz yyyyyyy"}"#, "invalid_api_key"),
        ("codex", #"{"apiKey":"key\n12345"}"#, "invalid_api_key"),
        ("codex", #"{"apiKey":"keyä12345"}"#, "invalid_api_key"), ("codex", #"{"apiKey":7}"#, "invalid_api_key"),
        ("codex", #"{"apiKey":"key\"12345"}"#, "invalid_api_key"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":"ftp://x/"}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":"models.example.com"}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":"https://u:p@x/"}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":"https://x/?a=1"}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":"https://x/#f"}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":"https://x/\u0022"}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","baseUrl":["https://x"]}"#, "invalid_base_url"),
        ("codex", #"{"apiKey":"key-12345","model":"--flag"}"#, "invalid_model"),
        ("codex", #"{"apiKey":"key-12345","reasoningEffort":"max"}"#, "invalid_reasoning_effort"),
        ("claude", #"{"apiKey":"key-12345","model":"haiku","reasoningEffort":"low"}"#, "invalid_reasoning_effort"),
        ("codex", #"{"apiKey":"key-12345","isDefault":1}"#, "invalid_request"), ("codex", "{", "invalid_json"),
    ])
    func badRequestsAreNamedAndChangeNothing(_ provider: String, _ body: String, _ code: String) async throws {
        try await withServer { api async throws in
            let answer = try await put(api, provider, body)
            #expect(answer.status == 400)
            #expect(answer.code == code, "\(answer.text)")
            #expect(!answer.text.contains("zz yy") && !answer.text.contains("u:p"))
            #expect(try await api.get("/providers").json["providers"]?.array?[0]["configured"] == false)
        }
    }

    @Test func theKeyIsSealedInTheDatabase() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try await withServer(in: scratch) { api async throws in
            let secret = "sk-proj-do-not-find-me-anywhere"
            #expect(try await put(api, "codex", #"{"apiKey":"\#(secret)"}"#).status == 200)
            let (isThere, isSearched) = (try scratch.contains(secret), try scratch.contains("codex"))
            #expect(!isThere)
            #expect(isSearched, "the search finds what isn't sealed")
        }
    }
}
