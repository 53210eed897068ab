import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// The servers that a key is sent to.
@Suite struct KeyOriginTests {
    let world = TestWorld(loggedIn: false)
    private static let limits = #"{"ok":true,"type":"limits.info"}"#

    private func logIn(at url: String = "http://127.0.0.1:7070") async {
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("login", "box_stored", "--api-url", url, "--json") == 0)
    }

    private var keysSent: [String?] { world.transport.sent.map { $0.header("Authorization") } }

    @Test func aStoredKeyIsForItsServerOnly() async throws {
        await logIn()
        #expect(try world.readConfig()?["token_origin"]?["url"] == "http://127.0.0.1:7070")
        world.transport.on("GET /limits", Self.limits)
        #expect(await world.run("limits", "--json") == 0)
        let error = #"""
            {"event":"error","error":"the stored API key is for http://127.0.0.1:7070, so it isn't sent to https://other.test. log in there with `box login --api-url https://other.test`, or set BOX_API_KEY"}

            """#
        #expect(await world.run("limits", "--json", "--api-url", "https://other.test") == 4)
        #expect(world.out.text == error)
        world.set("BOX_API_URL", "https://other.test")
        #expect(await world.run("limits", "--json") == 4)
        #expect(world.out.text == error)
        // Another port, or another name of the same machine, is another server.
        for url in ["http://127.0.0.1:7071", "http://localhost:7070", "https://127.0.0.1:7070"] {
            #expect(await world.run("limits", "--json", "--api-url", url) == 4)
        }
        #expect(keysSent == ["Bearer box_stored", "Bearer box_stored"])
    }

    @Test func editingTheAddressDoesNotMoveTheKey() async throws {
        await logIn()
        var config = try #require(try world.readConfig()?.object)
        config["api_url"] = "https://other.test"
        try world.writeConfig(JSON.object(config).compact)
        #expect(await world.run("limits", "--json") == 4)
        #expect(world.out.text.contains("is for http://127.0.0.1:7070, so it isn't sent to https://other.test"))
        #expect(keysSent.count == 1)
    }

    /// Earlier versions and other programs write no `token_origin`.
    @Test func aTokenThatAnotherProgramWroteIsForItsAddress() async throws {
        await logIn()
        var config = try #require(try world.readConfig()?.object)
        config["api_url"] = "https://other.test"
        config["token"] = "box_written"
        try world.writeConfig(JSON.object(config).compact)
        world.transport.on("GET /limits", Self.limits)
        #expect(await world.run("limits", "--json") == 0)
        #expect(keysSent == ["Bearer box_stored", "Bearer box_written"])
        #expect(await world.run("limits", "--json", "--api-url", "http://127.0.0.1:7070") == 4)
    }

    @Test func keysOfEarlierVersionsAreForTheConfiguredServer() async throws {
        for (file, url) in [
            (#"{"api_url":"http://127.0.0.1:7070","channel":"stable","token":"box_old"}"#, "http://127.0.0.1:7070"),
            (#"{"token":"box_old"}"#, "https://ascii.dev"),
        ] {
            try world.writeConfig(file)
            world.transport.on("GET /limits", Self.limits)
            #expect(await world.run("limits", "--json") == 0)
            #expect(world.transport.sent.last?.url == "\(url)/api/box/v1/limits")
            #expect(await world.run("limits", "--json", "--api-url", "https://other.test") == 4)
            #expect(world.out.text.contains("is for \(url), so"))
        }
        #expect(keysSent == ["Bearer box_old", "Bearer box_old"])
    }

    @Test func aKeyOfTheEnvironmentIsForTheServerThatCounts() async throws {
        await logIn()
        world.set("BOX_API_KEY", "box_variable")
        for arguments in [["limits"], ["limits", "--api-url", "https://other.test"]] {
            world.transport.on("GET /limits", Self.limits)
            #expect(await world.run(arguments + ["--json"]) == 0)
        }
        world.set("BOX_API_URL", "https://variable.test")
        world.transport.on("GET /limits", Self.limits)
        #expect(await world.run("limits", "--json") == 0)
        #expect(keysSent.dropFirst() == ["Bearer box_variable", "Bearer box_variable", "Bearer box_variable"])
    }

    @Test func whatIsShownElsewhere() async throws {
        await logIn()
        let other = ["--api-url", "https://other.test"]
        #expect(await world.run(["config", "--json"] + other) == 0)
        #expect(try JSON.parse(world.out.text)["loggedIn"] == false)
        #expect(await world.run(["config"] + other) == 0)
        #expect(world.out.text.contains("logged in  no: the stored key is for http://127.0.0.1:7070\n"))
        #expect(await world.run(["status", "--json"] + other) == 0)
        #expect(try JSON.parse(world.out.text)["account"]?.isNull == true)
        #expect(await world.run(["status"] + other) == 0)
        #expect(world.out.text.contains("not logged in here: the stored key is for http://127.0.0.1:7070\n"))
        #expect(await world.run(["onboard", "--json"] + other) == 4)
        #expect(keysSent.count == 1)
        // A login at that server replaces the other one, and a logout removes everything about the key.
        await logIn(at: "https://other.test")
        #expect(try world.readConfig()?["token_origin"]?["url"] == "https://other.test")
        #expect(await world.run("logout", "--json") == 0)
        #expect(try world.readConfig() == ["api_url": "https://other.test"])
    }

    @Test func plainHTTPNeedsAWord() async throws {
        world.set("BOX_API_KEY", "box_key")
        let url = ["--api-url", "http://10.0.0.5:7070"]
        for arguments in [["limits"], ["login", "box_abc"], ["login"], ["ssh-config", "--names"]] {
            #expect(await world.run(arguments + ["--json"] + url) == 4)
            #expect(
                world.out.text == #"""
                    {"event":"error","error":"no API key is sent to http://10.0.0.5:7070, because everybody on the way can read what goes over plain HTTP. use https, or add --insecure (or set BOX_INSECURE=1) where the network is safe"}

                    """#)
        }
        #expect(world.transport.sent.isEmpty)
        world.transport.on("GET /limits", Self.limits)
        #expect(await world.run(["limits", "--json", "--insecure"] + url) == 0)
        for (value, status) in [("0", Int32(4)), ("", 4), ("1", 0)] {
            world.set("BOX_INSECURE", value)
            if status == 0 { world.transport.on("GET /limits", Self.limits) }
            #expect(await world.run(["limits", "--json"] + url) == status)
        }
        #expect(keysSent == ["Bearer box_key", "Bearer box_key"])
    }

    @Test func theProxyOfSSHGetsTheWordToo() async {
        #expect(await world.run("ssh-config", "--insecure", "--api-url", "http://10.0.0.5:7070") == 0)
        #expect(world.out.text.contains(" ProxyCommand /opt/box --api-url http://10.0.0.5:7070 --insecure proxy %n\n"))
    }
}
