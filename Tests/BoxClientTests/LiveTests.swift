import BoxModel
import Foundation
import Testing

@testable import BoxClient

/// Tests of the SDK with a real boxd and real boxes. `Tests/Acceptance/sdk.sh` starts one and passes its address.
@Suite(.enabled(if: LiveServer.current != nil, "BOX_LIVE_URL and BOX_LIVE_KEY name no server"), .serialized)
struct LiveTests {
    @Test func aBoxFromItsBeginningToItsEnd() async throws {
        let client = try LiveServer.client()
        #expect(try await client.me().login == "local")
        #expect(try await client.limits().canStart)
        let created = try await client.create(CreateBoxRequest(ttl: .seconds(600), name: "sdk"))
        let id = created.id
        let ready = try await client.waitUntilReady(id, from: created.box)
        #expect(ready.state == .ready && ready.ip != nil)
        #expect(try await client.update(id, BoxChanges(name: "renamed")).box.name == "renamed")
        let all = try await client.allBoxes().boxes
        #expect(all.contains { $0.id == id })

        let result = try await client.execCommand(id, "echo out; echo err >&2; exit 3")
        #expect(result.stdout == "out\n" && result.stderr == "err\n" && result.exitCode == 3)
        #expect(try await client.command(id, "sleep 60", timeoutSeconds: 1).timedOut)
        let stop = try await client.stop(id)
        _ = try await client.waitUntilStopped(id, from: stop.box)
        await refused("machine_not_running", 400) { _ = try await client.execCommand(id, "true") }
        let resumed = try await client.resume(id)
        _ = try await client.waitUntilReady(id, from: resumed.box)
        let fork = try await client.fork(id)
        _ = try await client.waitUntilReady(fork.id, from: fork.box)
        _ = try await client.remove(fork.id)
        await refused("not_found", 404) { _ = try await client.get(fork.id) }
        #expect(try await client.stopAndRemove(id) != nil)
    }

    @Test func filesOfAnySize() async throws {
        try await withBox { client, id in
            _ = try await client.writeText(id, path: "notes/ü.txt", "hällo\n")
            #expect(try await client.readText(id, path: "notes/ü.txt") == "hällo\n")
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let (source, target) = (LiveServer.scratch("source"), LiveServer.scratch("target"))
            defer { for path in [source, target] { try? FileManager.default.removeItem(atPath: path) } }
            try Data(bytes).write(to: URL(fileURLWithPath: source))
            _ = try await client.writeFile(id, path: "/tmp/big", from: source)
            #expect(try await client.downloadArtifact(id, path: "/tmp/big", to: target) == 3_000_000)
            #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data(bytes))
            #expect(try await client.readFile(id, path: "/tmp/big").bytes == bytes)
            await refused("file_not_found", 404) { _ = try await client.readText(id, path: "none") }
            await refused("invalid_path", 400) { _ = try await client.readText(id, path: "/etc/passwd") }
        }
    }

    @Test func whatTheAccountHas() async throws {
        let client = try LiveServer.client()
        let key = try await client.createAPIKey(name: "sdk")
        let id = try #require(key.key?.id)
        let rotated = try await client.rotateAPIKey(id)
        await refused("unauthorized", 401) { _ = try await client.with { $0.apiKey = key.secret }.me() }
        #expect(try await client.with { $0.apiKey = rotated.secret }.me().login == "local")
        let left = try await client.deleteAPIKey(id).keys
        #expect(!left.contains { $0.id == id })
        let setup = try await client.updateSecrets(
            envContents: "SDK=1", secretFiles: [SecretFile(path: "sdk/file", contents: "x")])
        #expect(setup.failedBoxes == 0)
        try await withBox { client, id in
            let said = try await client.execCommand(id, "echo $SDK; cat sdk/file").stdout
            #expect(said == "1\nx")
        }
        _ = try await client.updateSecrets(envContents: "", secretFiles: [])
        #expect(try await client.secrets().secretFiles.isEmpty)
        #expect(try await client.repos(limit: 1).repositories.count <= 1)
        await refused("not_found", 404) { _ = try await client.selectRepo(repositoryID: "repo_none") }
    }

    @Test func promptsOfAProviderThatIsNotSetUp() async throws {
        try await withBox { client, id in
            // Another test may have set it up for the same account.
            _ = try? await client.removeProvider("codex")
            await refused("provider_not_configured", 409) {
                for try await _ in try await client.streamPrompt(id, PromptRequest(text: "x", provider: "codex")) {}
            }
            await refused("desktop_not_ready", 400) { _ = try await client.desktop(id) }
            let action = try await client.interrupt(id)
            #expect(action.status == "interrupted")
            for try await _ in client.streamEvents(id, includeExisting: true, timeout: .seconds(1)) {
                Issue.record("nothing happened in the box")
            }
        }
    }

    /// A cancelled command also ends in the box.
    @Test func cancellingACommandKillsIt() async throws {
        try await withBox { client, id in
            let running = Task { try await client.command(id, "exec -a cancelled sleep 50", timeoutSeconds: 60) }
            while try await client.execCommand(id, "pgrep -fc '^cancelled'").stdout != "1\n" {}
            running.cancel()
            await #expect(throws: CancellationError.self) { try await running.value }
            while try await client.execCommand(id, "pgrep -fc '^cancelled'").stdout != "0\n" {}
        }
    }

    // MARK: Helpers

    private func withBox(_ test: (BoxClient, String) async throws -> Void) async throws {
        let client = try LiveServer.client()
        let created = try await client.create(CreateBoxRequest(ttl: .seconds(600)))
        let outcome: Result<Void, any Error>
        do {
            _ = try await client.waitUntilReady(created.id, from: created.box)
            outcome = .success(try await test(client, created.id))
        } catch { outcome = .failure(error) }
        _ = try await client.remove(created.id)
        try outcome.get()
    }

    private func refused(_ code: String, _ status: Int, _ work: () async throws -> Void) async {
        do {
            try await work()
            Issue.record("not refused with \(code)")
        } catch BoxError.api(let failure) {
            #expect(failure.code.rawValue == code && failure.status == status && failure.requestID != nil)
        } catch { Issue.record("\(error) is not \(code)") }
    }
}

private enum LiveServer {
    static var current: (url: String, key: String)? {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["BOX_LIVE_URL"], let key = environment["BOX_LIVE_KEY"] else { return nil }
        return (url, key)
    }

    static func client() throws -> BoxClient {
        let server = try #require(current)
        return BoxClient(BoxClient.Configuration(origin: try Origin(server.url), apiKey: server.key))
    }

    static func scratch(_ name: String) -> String {
        NSTemporaryDirectory() + "/box-sdk-\(name)-\(UInt32.random(in: .min ... .max))"
    }
}
