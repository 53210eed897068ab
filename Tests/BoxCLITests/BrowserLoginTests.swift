import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// `box login` without a key, and `box onboard`.
@Suite struct BrowserLoginTests {
    let world = TestWorld(loggedIn: false)

    private static let origin = "http://127.0.0.1:7070"
    private static let start = "POST \(origin)/api/box/auth/start"
    private static let poll = "POST \(origin)/api/box/auth/poll"
    private static let started =
        #"{"ok":true,"type":"login.started","path":"/api/box/auth/confirm?state=s1","pollToken":"poll_1","code":"BCDF-GH23","expiresIn":600}"#
    private static let completed =
        #"{"ok":true,"type":"login.complete","token":"box_new","user":{"login":"octocat","email":"octocat@example.com"}}"#

    init() { world.set("BOX_API_URL", Self.origin) }

    @Test func programsGetTheAddressAndCompleteItWithOnboard() async throws {
        world.transport.on(Self.start, Self.started)
        #expect(await world.run("login", "--json") == 0)
        #expect(world.transport.body(0) == #"{"machine":"laptop"}"#)
        #expect(world.transport.sent[0].header("Authorization") == nil)
        let line = try JSON.parse(world.out.text)
        #expect(line["event"] == "login_url")
        #expect(line["url"] == "http://127.0.0.1:7070/api/box/auth/confirm?state=s1")
        #expect(line["pollToken"] == "poll_1")
        #expect(line["nextCommand"] == "box onboard --json")
        #expect(line["instruction"]?.string?.isEmpty == false)
        #expect(line["code"] == "BCDF-GH23")

        world.set("BOX_API_URL", nil)
        world.transport.on(Self.poll, #"{"ok":true,"type":"login.pending"}"#)
            .on(Self.poll, 503, "busy").fail(Self.poll).on(Self.poll, Self.completed)
        #expect(await world.run("onboard", "--json") == 0)
        #expect(world.transport.body(1) == #"{"pollToken":"poll_1"}"#)
        #expect(
            world.out.text
                == #"{"event":"login_complete","data":{"user":{"login":"octocat","email":"octocat@example.com"}}}"#
                + "\n")
        #expect(try world.readConfig()?["token"] == "box_new")
        #expect(try world.readConfig()?["api_url"] == "http://127.0.0.1:7070")
    }

    @Test func peopleWaitForTheBrowserWithoutAnotherCommand() async throws {
        world.useTerminal()
        world.transport.on(Self.start, Self.started).on(Self.poll, Self.completed)
        #expect(await world.run("login") == 0)
        #expect(world.out.text.contains("http://127.0.0.1:7070/api/box/auth/confirm?state=s1"))
        #expect(world.out.text.contains("BCDF-GH23"))
        #expect(world.out.text.contains("logged in at http://127.0.0.1:7070 as octocat"))
        #expect(!world.out.text.contains("poll_1") && !world.err.text.contains("poll_1"))
    }

    @Test(arguments: [
        (403, "login_denied", "the login was denied in the browser"),
        (404, "login_expired", "this login isn't waiting any more: start another one with `box login`"),
    ])
    func aLoginThatIsOverIsForgotten(status: Int, code: String, message: String) async {
        world.transport.on(Self.start, Self.started)
        _ = await world.run("login", "--json")
        world.transport.on(Self.poll, status, Answers.error(status, code, message))
        #expect(await world.run("onboard", "--json") == 4)
        #expect(world.out.text == #"{"event":"error","error":"\#(message)"}"# + "\n")
        #expect(await world.run("onboard", "--json") == 4)
        #expect(
            world.out.text == #"{"event":"error","error":"no login is under way. begin one with `box login`"}"# + "\n")
    }

    @Test func aLoginThatExpiredIsNoLossWhereThereIsAKey() async {
        world.transport.on(Self.start, Self.started)
        _ = await world.run("login", "--json")
        world.set("BOX_API_KEY", "box_key")
        world.transport.on(Self.poll, 404, Answers.error(404, "login_expired", "gone")).on("GET /me", Answers.me)
        #expect(await world.run("onboard", "--json") == 0)
        #expect(world.out.text.contains(#""event":"login_complete""#))
    }

    @Test func aServerThatStaysAwayEndsTheWait() async {
        world.transport.on(Self.start, Self.started)
        _ = await world.run("login", "--json")
        for _ in 0...60 { world.transport.fail(Self.poll, "refused", kind: .unreachable) }
        #expect(await world.run("onboard", "--json") == 1)
        #expect(world.out.text.contains("could not reach the Box API at http://127.0.0.1:7070: refused"))
        world.change { $0.now = { Timestamp(milliseconds: 1_779_984_033_143 + 601_000) } }
        #expect(await world.run("onboard", "--json") == 4)
        #expect(world.out.text.contains("this login isn't waiting any more"))
    }

    @Test func anotherServersLoginIsNotCompleted() async {
        world.transport.on(Self.start, Self.started)
        _ = await world.run("login", "--json")
        #expect(await world.run("onboard", "--json", "--api-url", "http://127.0.0.1:9") == 4)
        #expect(world.out.text.contains("the login that is under way is at http://127.0.0.1:7070"))
    }

    @Test func onboardWhenLoggedInSaysSo() async {
        world.set("BOX_API_KEY", "box_key")
        world.transport.on("GET /me", Answers.me)
        #expect(await world.run("onboard", "--json") == 0)
        #expect(world.out.text.contains(#""event":"login_complete""#))
    }

    @Test func aServerWithoutSuchALoginAsksPeopleForTheKey() async throws {
        world.useTerminal()
        world.type("box_typed\n")
        world.transport.on(Self.start, 404, Answers.error(404, "not_found", "there is no such route")).on(
            "GET /me", Answers.me)
        #expect(await world.run("login") == 0)
        #expect(world.err.text == "API key (it is not shown): \n")
        #expect(try world.readConfig()?["token"] == "box_typed")
    }

    @Test(arguments: [#"{"error":"not_found"}"#, "<html>no</html>"])
    func programsAreToldThatAKeyIsNeeded(body: String) async {
        world.transport.on(Self.start, 404, body)
        #expect(await world.run("login", "--json") == 4)
        #expect(
            world.out.text
                == #"{"event":"error","error":"http://127.0.0.1:7070 offers no login through a browser. run `box login KEY`, or `box login -` with the key on standard input"}"#
                + "\n")
    }

    @Test func anAddressThatIsNotOfTheWebIsRefused() async {
        world.transport.on(Self.start, #"{"ok":true,"url":"javascript:alert(1)","pollToken":"p"}"#)
        #expect(await world.run("login", "--json") == 1)
        #expect(world.out.text.contains("javascript:alert(1)\\\" is not a valid http or https URL"))
    }
}
