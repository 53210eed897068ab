import BoxClient
import BoxModel
import Glibc
import Testing

@testable import BoxCLI

/// `login`, `logout`, `config` and `status`, and the configuration file that they share.
@Suite struct AccountTests {
    let fixture = CLIFixture(loggedIn: false)

    @Test func loginChecksAndStores() async throws {
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("login", "box_abc", "--api-url", "http://127.0.0.1:7070/api/box/v1", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"event":"login_complete","data":{"user":{"login":"octocat","email":"octocat@example.com","plan":"x"}}}"#
                + "\n")
        #expect(fixture.err.text == "")
        #expect(fixture.transport.sent[0].header("Authorization") == "Bearer box_abc")
        #expect(
            try fixture.readConfig() == [
                "api_url": "http://127.0.0.1:7070", "token": "box_abc",
                "token_origin": ["url": "http://127.0.0.1:7070", "last_four": "_abc"],
            ])
        var info = stat()
        stat(fixture.configPath, &info)
        #expect(info.st_mode & 0o777 == 0o600)
        stat(fixture.home + "/.config/ascii/box", &info)
        #expect(info.st_mode & 0o777 == 0o700)
        fixture.transport.on("GET /limits", #"{"ok":true}"#)
        #expect(await fixture.run("limits", "--json") == 0)
        #expect(fixture.transport.sent[1].url == "http://127.0.0.1:7070/api/box/v1/limits")
    }

    @Test func aRefusedKeyIsNotStored() async throws {
        fixture.transport.on("GET /me", 401, Answers.error(401, "unauthorized", "Bad key."))
        #expect(await fixture.run("login", "box_abc", "--json") == 4)
        #expect(try fixture.readConfig() == nil)
    }

    @Test func otherKeysOfTheFileAreKept() async throws {
        try fixture.writeConfig(#"{"api_url":"http://127.0.0.1:1","channel":"beta","mine":[1.50],"token":"old"}"#)
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("login", "new", "--json") == 0)
        #expect(
            try fixture.readConfig()?.compact
                == #"{"api_url":"http://127.0.0.1:1","channel":"beta","mine":[1.50],"token":"new","token_origin":{"url":"http://127.0.0.1:1","last_four":"new"}}"#
        )
        #expect(await fixture.run("logout", "--json") == 0)
        #expect(fixture.out.text == #"{"event":"logout_complete"}"# + "\n")
        #expect(
            try fixture.readConfig()?.compact == #"{"api_url":"http://127.0.0.1:1","channel":"beta","mine":[1.50]}"#)
    }

    @Test func theKeyCanComeFromStandardInput() async throws {
        fixture.type("  box_piped\n")
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("login", "-") == 0)
        #expect(fixture.out.text == "logged in at https://ascii.dev as octocat\n")
        #expect(try fixture.readConfig()?["token"] == "box_piped")
    }

    @Test(arguments: [
        ("", "the API key is empty"),
        ("a b", "the API key in the argument KEY has characters that no key has. copy it again, as one word"),
    ])
    func keysThatCannotBe(_ key: String, _ message: String) async {
        #expect(await fixture.run("login", key, "--json") == 1)
        #expect(fixture.out.text == #"{"event":"error","error":"\#(message)"}"# + "\n")
    }

    @Test func aByteOrderMarkBeforeTheFileIsHarmless() async throws {
        try fixture.writeConfig("\u{FEFF}{\"api_url\":\"http://file\",\"token\":\"t\"}\n")
        #expect(await fixture.run("config", "--json") == 0)
        #expect(fixture.out.text.hasSuffix(#""apiUrl":"http://file","channel":null,"loggedIn":true}"# + "\n"))
    }

    @Test func configBeforeAnyLogin() async {
        #expect(await fixture.run("config", "--json") == 0)
        #expect(
            fixture.out.text == #"{"path":"\#(fixture.configPath)","apiUrl":null,"channel":null,"loggedIn":false}"#
                + "\n")
    }

    @Test func flagThenEnvironmentThenFile() async throws {
        try fixture.writeConfig(#"{"api_url":"http://file","channel":"stable","token":"t"}"#)
        func shown(_ arguments: [String]) async -> String? {
            fixture.out.clear()
            await CLI.run(["config", "--json"] + arguments, in: fixture.current)
            return (try? JSON.parse(fixture.out.text))?["apiUrl"]?.string
        }
        #expect(await shown([]) == "http://file")
        #expect(fixture.out.text.hasSuffix(#""channel":"stable","loggedIn":true}"# + "\n"))
        fixture.set("BOX_API_URL", "http://environment")
        #expect(await shown([]) == "http://environment")
        #expect(await shown(["--api-url", "http://flag"]) == "http://flag")
        #expect(fixture.out.text.hasSuffix(#""channel":"stable","loggedIn":false}"# + "\n"))
    }

    @Test func xdgDirectoriesCount() async {
        fixture.set("XDG_CONFIG_HOME", fixture.home + "/xdg/")
        await fixture.run("config", "--json")
        #expect(fixture.out.text.hasPrefix(#"{"path":"\#(fixture.home)/xdg/ascii/box/config.json""#))
        fixture.set("XDG_CONFIG_HOME", "relative")
        await fixture.run("config", "--json")
        #expect(fixture.out.text.hasPrefix(#"{"path":"\#(fixture.configPath)""#))
    }

    @Test(arguments: ["{\"token\":", "[]", "token=x"]) func aCorruptFileIsNamedAndLeftAlone(text: String) async throws {
        try fixture.writeConfig(text)
        #expect(await fixture.run("list", "--json") == 1)
        #expect(
            fixture.out.text.hasPrefix(
                #"{"event":"error","error":"the configuration file \#(fixture.configPath) can't be read: "#))
        #expect(await fixture.run("login", "box_abc", "--api-url", "http://127.0.0.1:9", "--json") == 1)
        #expect(try Files.read(fixture.configPath) == Array(text.utf8))
    }

    @Test func aLinkToTheFileStaysALink() async throws {
        try fixture.writeConfig("{}")
        rename(fixture.configPath, fixture.home + "/dotfile")
        symlink(fixture.home + "/dotfile", fixture.configPath)
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("login", "box_abc") == 0)
        var info = stat()
        lstat(fixture.configPath, &info)
        #expect(info.st_mode & S_IFMT == S_IFLNK)
        #expect(try fixture.readConfig()?["token"] == "box_abc")
    }

    // MARK: - Status

    private var config: String { #"{"path":"\#(fixture.configPath)","apiUrl":null,"channel":null,"loggedIn":"# }

    @Test func statusBeforeAnyLogin() async {
        #expect(await fixture.run("status", "--json") == 0)
        #expect(fixture.out.text == #"{"config":\#(config)false},"account":null}"# + "\n")
    }

    @Test func statusWhenLoggedIn() async {
        fixture.set("BOX_API_KEY", "box_key")
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("status", "--json") == 0)
        #expect(
            fixture.out.text
                == #"{"config":\#(config)true},"account":{"identifier":"octocat@example.com","loginState":"logged_in","user":{"login":"octocat","email":"octocat@example.com","plan":"x"}}}"#
                + "\n")
        #expect(fixture.transport.sent[0].timeout == .seconds(2))
    }

    @Test func statusOfflineAndWithABadKey() async {
        fixture.set("BOX_API_KEY", "box_key")
        fixture.transport.fail("GET /me", kind: .unreachable)
        #expect(await fixture.run("status", "--json") == 0)
        #expect(
            fixture.out.text == #"{"config":\#(config)true},"account":{"identifier":null,"loginState":"unknown"}}"#
                + "\n"
        )
        fixture.transport.on("GET /me", 401, Answers.error(401, "unauthorized", "Bad key."))
        #expect(await fixture.run("status", "--json") == 0)
        #expect(
            fixture.out.text == #"{"config":\#(config)true},"account":{"identifier":null,"loginState":"invalid"}}"#
                + "\n"
        )
    }

    @Test func aPasswordInTheAddressIsNotShown() async {
        #expect(await fixture.run("status", "--api-url", "http://me:pw@host", "--json") == 0)
        #expect(!fixture.out.text.contains("pw"))
    }

    @Test func version() async {
        for arguments in [["version", "--json"], ["--version", "--json"], ["--json", "info", "--version"]] {
            fixture.out.clear()
            #expect(await CLI.run(arguments, in: fixture.current) == .success)
            #expect(fixture.out.text == "{\"version\":\"\(ProductVersion.current)\"}\n")
        }
        #expect(await fixture.run("--version") == 0)
        #expect(fixture.out.text == "box \(ProductVersion.current)\n")
    }
}
