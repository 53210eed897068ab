import BoxClient
import BoxModel
import Testing

/// Servers whose values other programs would interpret, and addresses to which keys aren't sent.
@Suite struct HostileServerTests {
    let transport = ScriptedTransport()

    private func expectRefusal(_ reason: String, _ call: (BoxClient) async throws -> Void) async throws {
        let error = await #expect(throws: BoxError.self) { try await call(try BoxClient.scripted(transport)) }
        #expect(error == .invalidAnswer(origin: "http://127.0.0.1:7070", reason: reason))
        #expect(error?.isTransient == false)
    }

    @Test func everyKindOfAnswerIsChecked() async throws {
        let bad = #"bx_a\nMatch exec \"id\""#, reason = "its id \"bx_a\nMatch exec \"id\"\" is not a valid id"
        let box = #"{"id":"\#(bad)","name":"n","state":"ready"}"#
        transport.on("GET /boxes?limit=200", #"{"ok":true,"boxes":[{"id":"bx_1"},\#(box)]}"#)
        try await expectRefusal(reason) { _ = try await $0.allBoxes() }
        transport.on("GET /boxes/bx_1", #"{"ok":true,"box":\#(box)}"#)
        try await expectRefusal(reason) { _ = try await $0.get("bx_1") }
        transport.on("POST /boxes", #"{"ok":true,"id":"\#(bad)"}"#)
        try await expectRefusal(reason) { _ = try await $0.create() }
        transport.on("POST /boxes/bx_1/fork", #"{"ok":true,"id":"bx_2","box":\#(box)}"#)
        try await expectRefusal(reason) { _ = try await $0.fork("bx_1") }
        transport.on("DELETE /boxes/bx_1", #"{"ok":true,"id":"\#(bad)"}"#)
        try await expectRefusal(reason) { _ = try await $0.remove("bx_1") }
        #expect(transport.unused.isEmpty)
    }

    @Test func whereSSHGoesIsChecked() async throws {
        transport.on("POST /boxes/bx_1/sshkey", #"{"ok":true,"machineIp":"-oProxyCommand=id","sshUser":"user"}"#)
        try await expectRefusal("its machineIp \"-oProxyCommand=id\" is not a valid IP address or host name") {
            _ = try await $0.addSSHKey("bx_1", publicKey: "k")
        }
        transport.on("POST /boxes/bx_1/sshkey", #"{"ok":true,"machineIp":"10.0.0.1","sshUser":"u\nx"}"#)
        try await expectRefusal("its sshUser \"u\nx\" is not a valid user name") {
            _ = try await $0.addSSHKey("bx_1", publicKey: "k")
        }
    }

    @Test(arguments: ["javascript:alert(1)", "--help", "https://a b", "file:///x", "https://a\\u009b"])
    func addressesForBrowsersAreOfTheWeb(_ url: String) async throws {
        transport.on("POST /boxes/bx_1/desktop", #"{"ok":true,"desktopUrl":"\#(url)"}"#)
        await #expect(throws: BoxError.self) { _ = try await BoxClient.scripted(transport).desktop("bx_1") }
        transport.on("POST http://127.0.0.1:7070/api/box/auth/start", #"{"ok":true,"url":"\#(url)","pollToken":"p"}"#)
        await #expect(throws: BoxError.self) { _ = try await BoxClient.scripted(transport).startLogin(machine: "m") }
        #expect(transport.unused.isEmpty)
    }

    @Test(arguments: [
        "http://10.0.0.5:7070", "http://box.example.com", "http://127.0.0.1.example.com", "http://0.0.0.0",
    ])
    func keysDontGoOverPlainHTTP(_ address: String) async throws {
        let origin = try Origin(address)
        let client = BoxClient(.init(origin: origin, apiKey: "box_key"), transport: transport)
        for call in [
            { _ = try await client.me() }, { _ = try await client.startLogin(machine: "m") },
            { _ = try await client.pollLogin("p") }, { try await client.artifact("bx_1", path: "x") { _ in } },
        ] as [() async throws -> Void] {
            await #expect(throws: BoxError.plainHTTP(origin: origin.description)) { try await call() }
        }
        #expect(transport.sent.isEmpty)
        transport.on("GET /me", #"{"ok":true}"#)
        _ = try await client.with { $0.allowsPlainHTTP = true }.me()
        #expect(transport.sent.map { $0.header("Authorization") } == ["Bearer box_key"])
    }
}
