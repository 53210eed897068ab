import Testing

@testable import BoxClient

// The examples of Sources/BoxClient/BoxClient.docc/BoxClient.md and Docs/SDK.md, word for word.

/// Makes a box, runs a command in it, and removes it whatever happens.
func greet(with client: BoxClient) async throws -> String {
    let created = try await client.create(CreateBoxRequest(ttl: .seconds(1800), name: "greeter"))
    do {
        let box = try await client.waitUntilReady(created.id, from: created.box)
        _ = try await client.writeText(box.id, path: "name.txt", "world\n")
        let result = try await client.command(box.id, #"echo "hello $(cat name.txt)""#, timeoutSeconds: 60)
        try await client.stopAndRemove(box.id)
        return result.success ? result.stdout : "failed: \(result.stderr)"
    } catch {
        _ = try? await client.remove(created.id)
        throw error
    }
}

func watch(_ id: String, with client: BoxClient) async throws {
    let stream = try await client.streamPrompt(id, PromptRequest(text: "run the tests and fix what fails"))
    for try await event in stream {
        switch event.kind {
        case .response(let response) where !response.isStreaming:
            for tool in response.tools { print("used", tool.use?.name ?? "a tool") }
            print(response.content)
        case .gitCheckpoint(let commit): print("commit", commit.commitSHA ?? "", commit.commitMessage ?? "")
        case .prompt(let prompt): print("the prompt is", prompt.status?.rawValue ?? "there")
        default: break
        }
    }
}

/// Lets prompts use Codex, and asks for nothing when it is set up already.
func setUpCodex(with client: BoxClient, key: String) async throws {
    let isReady = try await client.providers().providers.contains { $0.name == "codex" && $0.isConfigured }
    if isReady { return }
    let changes = ProviderChanges(apiKey: key, model: .value("gpt-5.5"), isDefault: true)
    let codex = try await client.setProvider("codex", changes).provider
    print(codex.name, "is set up with the key …\(codex.keyLastFour ?? "")")
}

func resume(_ id: String, with client: BoxClient) async throws -> Box? {
    do {
        _ = try await client.resume(id)
        return try await client.waitUntilReady(id, timeout: .seconds(120))
    } catch BoxError.api(let failure) where failure.code == .notFound {
        return nil  // deleted
    } catch BoxError.api(let failure) where failure.code == .limitReached {
        print(failure.message ?? "too many boxes", failure.requestID ?? "")
        throw BoxError.api(failure)
    } catch let error as BoxError where error.isTransient {
        print("the server is away or busy, try again later:", error)
        throw error
    }
}

@Suite struct DocumentationTests {
    let transport = ScriptedTransport()

    @Test func theGreeter() async throws {
        let archived = #"{"ok":true,"box":{"id":"b","state":"archived"}}"#
        transport.on("POST /boxes", 202, #"{"ok":true,"id":"b","box":{"id":"b","state":"ready"}}"#)
            .on("PUT /boxes/b/files", #"{"ok":true,"path":"name.txt"}"#)
            .on("POST /boxes/b/commands", #"{"ok":true,"success":true,"exitCode":0,"stdout":"hello world\n"}"#)
            .on("POST /boxes/b/stop", 202, #"{"ok":true,"id":"b"}"#).on("GET /boxes/b", archived)
            .on("DELETE /boxes/b", #"{"ok":true,"id":"b"}"#)
        #expect(try await greet(with: .scripted(transport)) == "hello world\n")
        #expect(transport.unused.isEmpty)
    }

    @Test(arguments: ["Sources/BoxClient/BoxClient.docc/BoxClient.md", "Docs/SDK.md"])
    func theExamplesAreThoseOfTheDocumentation(page: String) throws {
        let here = #filePath
        let root = here[..<(try #require(here.firstRange(of: "/Tests/BoxClientTests/"))).lowerBound]
        let source = try text(here), page = try text("\(root)/\(page)")
        let functions = page.split(separator: "```").filter { $0.hasPrefix("swift\n") && $0.contains("\nfunc ") }
        #expect(!functions.isEmpty)
        for function in functions {
            let code = String(function.dropFirst("swift\n".count)).replacing("import BoxClient\n\n", with: "")
            #expect(source.contains(code))
        }
    }

    private func text(_ path: String) throws -> String {
        let file = try #require(try UploadFile(path: path))
        return String(decoding: try file.read(Int(file.size), at: 0), as: UTF8.self)
    }

    @Test func theGreeterRemovesItsBoxWhenTheCommandFails() async throws {
        transport.on("POST /boxes", 202, #"{"ok":true,"id":"b","box":{"id":"b","state":"ready"}}"#)
            .on("PUT /boxes/b/files", #"{"ok":true,"path":"name.txt"}"#)
            .fail("POST /boxes/b/commands", .timedOut, "too slow")
            .on("DELETE /boxes/b", #"{"ok":true,"id":"b"}"#)
        let client = try BoxClient.scripted(transport)
        _ = await boxError { try await greet(with: client) }
        #expect(transport.unused.isEmpty)
    }

    @Test func settingUp() async throws {
        func codex(_ isConfigured: Bool) -> String { #"{"provider":"codex","configured":\#(isConfigured)}"# }
        transport.on("GET /providers", #"{"ok":true,"providers":[\#(codex(false))]}"#)
            .on("PUT /providers/codex", #"{"ok":true,"provider":\#(codex(true))}"#)
            .on("GET /providers", #"{"ok":true,"providers":[\#(codex(true))]}"#)
        let client = try BoxClient.scripted(transport)
        for _ in 0..<2 { try await setUpCodex(with: client, key: "sk-1") }
        let body = transport.sent[1].body.map { String(decoding: $0, as: UTF8.self) }
        #expect(body == #"{"apiKey":"sk-1","model":"gpt-5.5","isDefault":true}"#)
        #expect(transport.unused.isEmpty)
    }

    @Test func errors() async throws {
        transport.on("POST /boxes/b/resume", 404, #"{"error":"not_found"}"#)
            .on("POST /boxes/b/resume", 202, #"{"ok":true,"id":"b"}"#)
            .on("GET /boxes/b", #"{"ok":true,"box":{"id":"b","state":"ready"}}"#)
        let client = try BoxClient.scripted(transport)
        #expect(try await resume("b", with: client) == nil)
        #expect(try await resume("b", with: client)?.state == .ready)
    }

    @Test(.timeLimit(.minutes(1))) func watching() async throws {
        let server = EventServer()
        server.setRun(["status": "finished", "done": true])
        server.store(.init(id: "p", type: "prompt", timestamp: 200, status: "finished"))
        try await watch("b", with: .scripted(server))
        #expect(server.promptsTaken == 1)
    }
}
