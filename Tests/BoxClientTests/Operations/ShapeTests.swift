import BoxClient
import Testing

/// Successful answers without the operation's result.
@Suite struct ShapeTests {
    struct Call: Sendable, CustomTestStringConvertible {
        let request: String
        let body: String
        let run: @Sendable (BoxClient) async throws -> Void
        var testDescription: String { "\(request) \(body)" }

        init(_ request: String, _ body: String, _ run: @escaping @Sendable (BoxClient) async throws -> Void) {
            self.request = request
            self.body = body
            self.run = run
        }
    }

    static let calls = [
        Call("GET /boxes/b", #"{"ok":true}"#) { _ = try await $0.get("b") },
        Call("GET /boxes/b", #"{"ok":true,"box":[]}"#) { _ = try await $0.get("b") },
        Call("GET /boxes/b", #"{"ok":true,"box":{"id":7}}"#) { _ = try await $0.get("b") },
        Call("PATCH /boxes/b", #"{"ok":true,"box":{}}"#) { _ = try await $0.update("b", BoxChanges(name: "n")) },
        Call("GET /boxes", #"{"ok":true,"boxes":{}}"#) { _ = try await $0.boxes() },
        Call("POST /boxes", #"{"ok":true,"id":""}"#) { _ = try await $0.create() },
        Call("POST /boxes/b/fork", #"{"ok":true,"box":null}"#) { _ = try await $0.fork("b") },
        Call("POST /boxes/b/stop", #"{"ok":true,"id":1}"#) { _ = try await $0.stop("b") },
        Call("POST /boxes/b/resume", #"{"ok":true}"#) { _ = try await $0.resume("b") },
        Call("POST /boxes/b/interrupt", #"{"ok":true}"#) { _ = try await $0.interrupt("b") },
        Call("POST /boxes/b/sshkey", #"{"ok":true,"machineIp":null}"#) { _ = try await $0.sshKey("b", key: "k") },
        Call("DELETE /boxes/b", #"{"ok":true,"id":"b"}"#) { _ = try await $0.remove("b", tracked: true) },
        Call("GET /deletion-operations/o", #"{"ok":true,"operation":{}}"#) { _ = try await $0.deletionOperation("o") },
        Call("POST /boxes/b/prompt", #"{"ok":true,"promptId":""}"#) {
            _ = try await $0.prompt("b", PromptRequest(text: "x"))
        },
        Call("GET /boxes/b/prompts/p", #"{"ok":true,"promptRun":{"status":1}}"#) {
            _ = try await $0.promptRunStatus("b", prompt: "p")
        },
        Call("GET /boxes/b/events", #"{"ok":true,"events":{}}"#) { _ = try await $0.events("b") },
        Call("GET /boxes/b/files?path=p&encoding=base64", #"{"ok":true}"#) {
            _ = try await $0.readFile("b", path: "p")
        },
        Call("GET /boxes/b/files?path=p&encoding=utf8", #"{"ok":true,"content":5}"#) {
            _ = try await $0.readFile("b", path: "p", encoding: .utf8)
        },
        Call("POST /boxes/b/commands", #"{"ok":true,"stdout":""}"#) { _ = try await $0.command("b", "c") },
        Call("GET /repos", #"{"ok":true,"installations":null}"#) { _ = try await $0.repos() },
        Call("GET /api-keys", #"{"ok":true}"#) { _ = try await $0.apiKeys() },
        Call("POST /api-keys", #"{"ok":true,"secret":""}"#) { _ = try await $0.createAPIKey() },
        Call("POST /api-keys/k/rotate", #"{"ok":true,"secret":null}"#) { _ = try await $0.rotateAPIKey("k") },
        Call("DELETE /api-keys/k", #"{"ok":true}"#) { _ = try await $0.deleteAPIKey("k") },
        Call("GET /providers", #"{"ok":true,"providers":{}}"#) { _ = try await $0.providers() },
        Call("PUT /providers/codex", #"{"ok":true,"provider":"codex"}"#) {
            _ = try await $0.setProvider("codex", ProviderChanges(isDefault: true))
        },
        Call("DELETE /providers/codex", #"{"ok":true}"#) { _ = try await $0.removeProvider("codex") },
        Call("GET /secrets", #"{"ok":true,"secretFiles":{}}"#) { _ = try await $0.secrets() },
        Call("POST /secrets", #"{"ok":true,"envContents":[]}"#) {
            _ = try await $0.updateSecrets(envContents: "", secretFiles: [])
        },
    ]

    @Test(arguments: calls) func isAnErrorAndNoCrash(call: Call) async throws {
        let transport = ScriptedTransport().on(call.request, call.body)
        let client = try BoxClient.scripted(transport)
        let error = await boxError { try await call.run(client) }
        guard case .invalidResponse(_, 200, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
    }
}
