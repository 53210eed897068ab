import BoxClient
import BoxModel
import Glibc
import Testing

@testable import BoxCLI

/// `login`, `logout`, `config` and `status`, and the configuration file that they share.
@Suite struct AccountTests {
    let world = TestWorld(loggedIn: false)

    @Test func loginChecksAndStores() async throws {
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("login", "box_abc", "--api-url", "http://127.0.0.1:7070/api/box/v1", "--json") == 0)
        #expect(
            world.out.text
                == #"{"event":"login_complete","data":{"user":{"login":"octocat","email":"octocat@example.com","plan":"x"}}}"#
                + "\n")
        #expect(world.err.text == "")
        #expect(world.transport.sent[0].header("Authorization") == "Bearer box_abc")
        #expect(
            try world.readConfig() == [
                "api_url": "http://127.0.0.1:7070", "token": "box_abc",
                "token_origin": ["url": "http://127.0.0.1:7070", "last_four": "_abc"],
            ])
        var info = stat()
        stat(world.configPath, &info)
        #expect(info.st_mode & 0o777 == 0o600)
        stat(world.home + "/.config/ascii/box", &info)
        #expect(info.st_mode & 0o777 == 0o700)
        world.transport.on("GET /limits", #"{"ok":true}"#)
        #expect(await world.run("limits", "--json") == 0)
        #expect(world.transport.sent[1].url == "http://127.0.0.1:7070/api/box/v1/limits")
    }

    @Test func aRefusedKeyIsNotStored() async throws {
        world.transport.on("GET /me", 401, Answers.error(401, "unauthorized", "Bad key."))
        #expect(await world.run("login", "box_abc", "--json") == 4)
        #expect(try world.readConfig() == nil)
    }

    @Test func otherKeysOfTheFileAreKept() async throws {
        try world.writeConfig(#"{"api_url":"http://127.0.0.1:1","channel":"beta","mine":[1.50],"token":"old"}"#)
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("login", "new", "--json") == 0)
        #expect(
            try world.readConfig()?.compact
                == #"{"api_url":"http://127.0.0.1:1","channel":"beta","mine":[1.50],"token":"new","token_origin":{"url":"http://127.0.0.1:1","last_four":"new"}}"#
        )
        #expect(await world.run("logout", "--json") == 0)
        #expect(world.out.text == #"{"event":"logout_complete"}"# + "\n")
        #expect(try world.readConfig()?.compact == #"{"api_url":"http://127.0.0.1:1","channel":"beta","mine":[1.50]}"#)
    }

    @Test func theKeyCanComeFromStandardInput() async throws {
        world.type("  box_piped\n")
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("login", "-") == 0)
        #expect(world.out.text == "logged in at https://ascii.dev as octocat\n")
        #expect(try world.readConfig()?["token"] == "box_piped")
    }

    @Test(arguments: [
        ("", "the API key is empty"),
        ("a b", "the API key in the argument KEY has characters that no key has. copy it again, as one word"),
    ])
    func keysThatCannotBe(_ key: String, _ message: String) async {
        #expect(await world.run("login", key, "--json") == 1)
        #expect(world.out.text == #"{"event":"error","error":"\#(message)"}"# + "\n")
    }

    @Test func aByteOrderMarkBeforeTheFileIsHarmless() async throws {
        try world.writeConfig("\u{FEFF}{\"api_url\":\"http://file\",\"token\":\"t\"}\n")
        #expect(await world.run("config", "--json") == 0)
        #expect(world.out.text.hasSuffix(#""apiUrl":"http://file","channel":null,"loggedIn":true}"# + "\n"))
    }

    @Test func configBeforeAnyLogin() async {
        #expect(await world.run("config", "--json") == 0)
        #expect(
            world.out.text == #"{"path":"\#(world.configPath)","apiUrl":null,"channel":null,"loggedIn":false}"# + "\n")
    }

    @Test func flagThenEnvironmentThenFile() async throws {
        try world.writeConfig(#"{"api_url":"http://file","channel":"stable","token":"t"}"#)
        func shown(_ arguments: [String]) async -> String? {
            world.out.clear()
            await CLI.run(["config", "--json"] + arguments, in: world.current)
            return (try? JSON.parse(world.out.text))?["apiUrl"]?.string
        }
        #expect(await shown([]) == "http://file")
        #expect(world.out.text.hasSuffix(#""channel":"stable","loggedIn":true}"# + "\n"))
        world.set("BOX_API_URL", "http://environment")
        #expect(await shown([]) == "http://environment")
        #expect(await shown(["--api-url", "http://flag"]) == "http://flag")
        #expect(world.out.text.hasSuffix(#""channel":"stable","loggedIn":false}"# + "\n"))
    }

    @Test func xdgDirectoriesCount() async {
        world.set("XDG_CONFIG_HOME", world.home + "/xdg/")
        await world.run("config", "--json")
        #expect(world.out.text.hasPrefix(#"{"path":"\#(world.home)/xdg/ascii/box/config.json""#))
        world.set("XDG_CONFIG_HOME", "relative")
        await world.run("config", "--json")
        #expect(world.out.text.hasPrefix(#"{"path":"\#(world.configPath)""#))
    }

    @Test(arguments: ["{\"token\":", "[]", "token=x"]) func aCorruptFileIsNamedAndLeftAlone(text: String) async throws {
        try world.writeConfig(text)
        #expect(await world.run("list", "--json") == 1)
        #expect(
            world.out.text.hasPrefix(
                #"{"event":"error","error":"the configuration file \#(world.configPath) can't be read: "#))
        #expect(await world.run("login", "box_abc", "--api-url", "http://127.0.0.1:9", "--json") == 1)
        #expect(try Files.read(world.configPath) == Array(text.utf8))
    }

    @Test func aLinkToTheFileStaysALink() async throws {
        try world.writeConfig("{}")
        rename(world.configPath, world.home + "/dotfile")
        symlink(world.home + "/dotfile", world.configPath)
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("login", "box_abc") == 0)
        var info = stat()
        lstat(world.configPath, &info)
        #expect(info.st_mode & S_IFMT == S_IFLNK)
        #expect(try world.readConfig()?["token"] == "box_abc")
    }

    // MARK: - Status

    private var config: String { #"{"path":"\#(world.configPath)","apiUrl":null,"channel":null,"loggedIn":"# }

    @Test func statusBeforeAnyLogin() async {
        #expect(await world.run("status", "--json") == 0)
        #expect(world.out.text == #"{"config":\#(config)false},"account":null}"# + "\n")
    }

    @Test func statusWhenLoggedIn() async {
        world.set("BOX_API_KEY", "box_key")
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("status", "--json") == 0)
        #expect(
            world.out.text
                == #"{"config":\#(config)true},"account":{"identifier":"octocat@example.com","loginState":"logged_in","user":{"login":"octocat","email":"octocat@example.com","plan":"x"}}}"#
                + "\n")
        #expect(world.transport.sent[0].timeout == .seconds(2))
    }

    @Test func statusOfflineAndWithABadKey() async {
        world.set("BOX_API_KEY", "box_key")
        world.transport.fail("GET /me", kind: .unreachable)
        #expect(await world.run("status", "--json") == 0)
        #expect(
            world.out.text == #"{"config":\#(config)true},"account":{"identifier":null,"loginState":"unknown"}}"# + "\n"
        )
        world.transport.on("GET /me", 401, Answers.error(401, "unauthorized", "Bad key."))
        #expect(await world.run("status", "--json") == 0)
        #expect(
            world.out.text == #"{"config":\#(config)true},"account":{"identifier":null,"loginState":"invalid"}}"# + "\n"
        )
    }

    @Test func aPasswordInTheAddressIsNotShown() async {
        #expect(await world.run("status", "--api-url", "http://me:pw@host", "--json") == 0)
        #expect(!world.out.text.contains("pw"))
    }

    @Test func version() async {
        for arguments in [["version", "--json"], ["--version", "--json"], ["--json", "info", "--version"]] {
            world.out.clear()
            #expect(await CLI.run(arguments, in: world.current) == .success)
            #expect(world.out.text == "{\"version\":\"\(ProductVersion.current)\"}\n")
        }
        #expect(await world.run("--version") == 0)
        #expect(world.out.text == "box \(ProductVersion.current)\n")
    }
}
