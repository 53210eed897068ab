import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// The servers that a key is sent to.
@Suite struct KeyOriginTests {
    let fixture = CLIFixture(loggedIn: false)
    private static let limits = #"{"ok":true,"type":"limits.info"}"#

    private func logIn(at url: String = "http://127.0.0.1:7070") async {
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("login", "box_stored", "--api-url", url, "--json") == 0)
    }

    private var keysSent: [String?] { fixture.transport.sent.map { $0.header("Authorization") } }

    @Test func aStoredKeyIsForItsServerOnly() async throws {
        await logIn()
        #expect(try fixture.readConfig()?["token_origin"]?["url"] == "http://127.0.0.1:7070")
        fixture.transport.on("GET /limits", Self.limits)
        #expect(await fixture.run("limits", "--json") == 0)
        let error = #"""
            {"event":"error","error":"the stored API key is for http://127.0.0.1:7070, so it isn't sent to https://other.test. log in there with `box login --api-url https://other.test`, or set BOX_API_KEY"}

            """#
        #expect(await fixture.run("limits", "--json", "--api-url", "https://other.test") == 4)
        #expect(fixture.out.text == error)
        fixture.set("BOX_API_URL", "https://other.test")
        #expect(await fixture.run("limits", "--json") == 4)
        #expect(fixture.out.text == error)
        // Another port, or another name of the same machine, is another server.
        for url in ["http://127.0.0.1:7071", "http://localhost:7070", "https://127.0.0.1:7070"] {
            #expect(await fixture.run("limits", "--json", "--api-url", url) == 4)
        }
        #expect(keysSent == ["Bearer box_stored", "Bearer box_stored"])
    }

    @Test func editingTheAddressDoesNotMoveTheKey() async throws {
        await logIn()
        var config = try #require(try fixture.readConfig()?.object)
        config["api_url"] = "https://other.test"
        try fixture.writeConfig(JSON.object(config).compact)
        #expect(await fixture.run("limits", "--json") == 4)
        #expect(fixture.out.text.contains("is for http://127.0.0.1:7070, so it isn't sent to https://other.test"))
        #expect(keysSent.count == 1)
    }

    /// Earlier versions and other programs write no `token_origin`.
    @Test func aTokenThatAnotherProgramWroteIsForItsAddress() async throws {
        await logIn()
        var config = try #require(try fixture.readConfig()?.object)
        config["api_url"] = "https://other.test"
        config["token"] = "box_written"
        try fixture.writeConfig(JSON.object(config).compact)
        fixture.transport.on("GET /limits", Self.limits)
        #expect(await fixture.run("limits", "--json") == 0)
        #expect(keysSent == ["Bearer box_stored", "Bearer box_written"])
        #expect(await fixture.run("limits", "--json", "--api-url", "http://127.0.0.1:7070") == 4)
    }

    @Test func keysOfEarlierVersionsAreForTheConfiguredServer() async throws {
        for (file, url) in [
            (#"{"api_url":"http://127.0.0.1:7070","channel":"stable","token":"box_old"}"#, "http://127.0.0.1:7070"),
            (#"{"token":"box_old"}"#, "https://ascii.dev"),
        ] {
            try fixture.writeConfig(file)
            fixture.transport.on("GET /limits", Self.limits)
            #expect(await fixture.run("limits", "--json") == 0)
            #expect(fixture.transport.sent.last?.url == "\(url)/api/box/v1/limits")
            #expect(await fixture.run("limits", "--json", "--api-url", "https://other.test") == 4)
            #expect(fixture.out.text.contains("is for \(url), so"))
        }
        #expect(keysSent == ["Bearer box_old", "Bearer box_old"])
    }

    @Test func aKeyOfTheEnvironmentIsForTheServerThatCounts() async throws {
        await logIn()
        fixture.set("BOX_API_KEY", "box_variable")
        for arguments in [["limits"], ["limits", "--api-url", "https://other.test"]] {
            fixture.transport.on("GET /limits", Self.limits)
            #expect(await fixture.run(arguments + ["--json"]) == 0)
        }
        fixture.set("BOX_API_URL", "https://variable.test")
        fixture.transport.on("GET /limits", Self.limits)
        #expect(await fixture.run("limits", "--json") == 0)
        #expect(keysSent.dropFirst() == ["Bearer box_variable", "Bearer box_variable", "Bearer box_variable"])
    }

    @Test func whatIsShownElsewhere() async throws {
        await logIn()
        let other = ["--api-url", "https://other.test"]
        #expect(await fixture.run(["config", "--json"] + other) == 0)
        #expect(try JSON.parse(fixture.out.text)["loggedIn"] == false)
        #expect(await fixture.run(["config"] + other) == 0)
        #expect(fixture.out.text.contains("logged in  no: the stored key is for http://127.0.0.1:7070\n"))
        #expect(await fixture.run(["status", "--json"] + other) == 0)
        #expect(try JSON.parse(fixture.out.text)["account"]?.isNull == true)
        #expect(await fixture.run(["status"] + other) == 0)
        #expect(fixture.out.text.contains("not logged in here: the stored key is for http://127.0.0.1:7070\n"))
        #expect(await fixture.run(["onboard", "--json"] + other) == 4)
        #expect(keysSent.count == 1)
        // A login at that server replaces the other one, and a logout removes everything about the key.
        await logIn(at: "https://other.test")
        #expect(try fixture.readConfig()?["token_origin"]?["url"] == "https://other.test")
        #expect(await fixture.run("logout", "--json") == 0)
        #expect(try fixture.readConfig() == ["api_url": "https://other.test"])
    }

    @Test func plainHTTPNeedsAWord() async throws {
        fixture.set("BOX_API_KEY", "box_key")
        let url = ["--api-url", "http://10.0.0.5:7070"]
        for arguments in [["limits"], ["login", "box_abc"], ["login"], ["ssh-config", "--names"]] {
            #expect(await fixture.run(arguments + ["--json"] + url) == 4)
            #expect(
                fixture.out.text == #"""
                    {"event":"error","error":"no API key is sent to http://10.0.0.5:7070, because everybody on the way can read what goes over plain HTTP. use https, or add --insecure (or set BOX_INSECURE=1) where the network is safe"}

                    """#)
        }
        #expect(fixture.transport.sent.isEmpty)
        fixture.transport.on("GET /limits", Self.limits)
        #expect(await fixture.run(["limits", "--json", "--insecure"] + url) == 0)
        for (value, status) in [("0", Int32(4)), ("", 4), ("1", 0)] {
            fixture.set("BOX_INSECURE", value)
            if status == 0 { fixture.transport.on("GET /limits", Self.limits) }
            #expect(await fixture.run(["limits", "--json"] + url) == status)
        }
        #expect(keysSent == ["Bearer box_key", "Bearer box_key"])
    }

    @Test func theProxyOfSSHGetsTheWordToo() async {
        #expect(await fixture.run("ssh-config", "--insecure", "--api-url", "http://10.0.0.5:7070") == 0)
        #expect(
            fixture.out.text.contains(" ProxyCommand /opt/box --api-url http://10.0.0.5:7070 --insecure proxy %n\n"))
    }
}
