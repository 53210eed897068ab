import BoxClient
import BoxModel
import Testing

/// Providers of agents: the requests, the results, and that the key is sent to no other server.
@Suite struct ProviderTests {
    let transport = ScriptedTransport()
    private static let key = "sk-test-0123456789abcd"

    private static let codex =
        #"{"provider":"codex","configured":true,"isDefault":true,"keyLastFour":"abcd","baseUrl":"https://x.test/v1","model":"gpt-5.4","reasoningEffort":"high","updatedAt":"2026-05-28T16:00:33.143Z"}"#
    private static let claude =
        #"{"provider":"claude-code","configured":false,"isDefault":false,"keyLastFour":null,"baseUrl":null,"model":null,"reasoningEffort":null,"updatedAt":null}"#

    private func body(_ index: Int) -> String? {
        transport.sent[index].body.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func areListed() async throws {
        transport.on(
            "GET /providers", #"{"ok":true,"type":"providers.list","providers":[\#(Self.codex),\#(Self.claude),{}]}"#)
        let list = try await BoxClient.scripted(transport).providers()
        #expect(list.type == "providers.list")
        #expect(list.providers.map(\.name) == ["codex", "claude-code"])
        let codex = list.providers[0], claude = list.providers[1]
        #expect(codex.isConfigured && codex.isDefault && codex.keyLastFour == "abcd")
        #expect(codex.baseURL == "https://x.test/v1" && codex.model == "gpt-5.4" && codex.reasoningEffort == "high")
        #expect(codex.updatedAt == Timestamp(iso8601: "2026-05-28T16:00:33.143Z"))
        #expect(!claude.isConfigured && !claude.isDefault && claude.keyLastFour == nil && claude.updatedAt == nil)
        #expect(claude.baseURL == nil && claude.model == nil && claude.reasoningEffort == nil)
    }

    @Test func areSetWithWhatIsGiven() async throws {
        for _ in 0..<3 {
            transport.on("PUT /providers/codex", #"{"ok":true,"type":"provider.updated","provider":\#(Self.codex)}"#)
        }
        let client = try BoxClient.scripted(transport)
        let changes = ProviderChanges(
            apiKey: Self.key, baseURL: .value("https://x.test/v1"), model: .value("gpt-5.4"),
            reasoningEffort: .value("high"), isDefault: true)
        #expect(try await client.setProvider("codex", changes).provider.keyLastFour == "abcd")
        _ = try await client.setProvider(
            "codex", ProviderChanges(baseURL: ProviderChanges.Setting.none, model: .value("m")))
        _ = try await client.setProvider("codex", ProviderChanges())
        #expect(
            (0..<3).map(body) == [
                #"{"apiKey":"\#(Self.key)","baseUrl":"https://x.test/v1","model":"gpt-5.4","reasoningEffort":"high","isDefault":true}"#,
                #"{"baseUrl":null,"model":"m"}"#, "{}",
            ])
    }

    @Test func areRemoved() async throws {
        transport.on(
            "DELETE /providers/claude-code",
            #"{"ok":true,"type":"provider.deleted","provider":"claude-code","status":"deleted"}"#)
        #expect(try await BoxClient.scripted(transport).removeProvider("claude-code").name == "claude-code")
    }

    @Test func aNameCannotChangeThePath() async throws {
        transport.on("DELETE /providers/..%2Fboxes", 404, #"{"error":"not_found"}"#)
        let client = try BoxClient.scripted(transport)
        guard case .api(let failure)? = await boxError({ try await client.removeProvider("../boxes") }) else { return }
        #expect(failure.code == .notFound)
    }

    @Test func nothingThatIsPrintedHasTheKey() {
        let changes = ProviderChanges(apiKey: Self.key, model: .value("m"))
        var dumped = ""
        dump([changes], to: &dumped)
        for text in ["\(changes)", String(describing: changes), String(reflecting: changes), "\([changes])", dumped] {
            #expect(!text.contains(Self.key))
            #expect(text.contains("…"))
        }
        #expect("\(ProviderChanges(model: .value("m")))" == #"ProviderChanges({"model":"m"})"#)
    }

    @Test func aServerThatRepeatsTheKeyIsNotRepeated() async throws {
        let message = "the key \(Self.key) is not valid"
        transport.on(
            "PUT /providers/codex", 400,
            #"{"ok":false,"code":"invalid_api_key","message":"\#(message)","error":{"code":"invalid_api_key","details":{"given":["\#(Self.key)"]}}}"#
        )
        let client = try BoxClient.scripted(transport)
        let error = await boxError { try await client.setProvider("codex", ProviderChanges(apiKey: Self.key)) }
        guard case .api(let failure)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.code == .invalidAPIKey && failure.message == "the key … is not valid")
        #expect(failure.details?.compact == #"{"given":["…"]}"#)
        #expect(!"\(failure)".contains(Self.key))
    }

    @Test func changesAreNeverRepeated() async throws {
        transport.fail("PUT /providers/codex", .interrupted, "reset")
        transport.fail("DELETE /providers/codex", .interrupted, "reset")
        let client = try BoxClient.scripted(transport)
        let lost = BoxError.network(origin: "http://127.0.0.1:7070", reason: "reset")
        #expect(await boxError { try await client.setProvider("codex", ProviderChanges(apiKey: Self.key)) } == lost)
        #expect(await boxError { try await client.removeProvider("codex") } == lost)
        #expect(transport.sent.count == 2)
    }
}
