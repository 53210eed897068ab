import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

/// `box login` without a key, and `box onboard`.
@Suite struct BrowserLoginTests {
    let fixture = CLIFixture(loggedIn: false)

    private static let origin = "http://127.0.0.1:7070"
    private static let start = "POST \(origin)/api/box/auth/start"
    private static let poll = "POST \(origin)/api/box/auth/poll"
    private static let started =
        #"{"ok":true,"type":"login.started","path":"/api/box/auth/confirm?state=s1","pollToken":"poll_1","code":"BCDF-GH23","expiresIn":600}"#
    private static let completed =
        #"{"ok":true,"type":"login.complete","token":"box_new","user":{"login":"octocat","email":"octocat@example.com"}}"#

    init() { fixture.set("BOX_API_URL", Self.origin) }

    @Test func programsGetTheAddressAndCompleteItWithOnboard() async throws {
        fixture.transport.on(Self.start, Self.started)
        #expect(await fixture.run("login", "--json") == 0)
        #expect(fixture.transport.body(0) == #"{"machine":"laptop"}"#)
        #expect(fixture.transport.sent[0].header("Authorization") == nil)
        let line = try JSON.parse(fixture.out.text)
        #expect(line["event"] == "login_url")
        #expect(line["url"] == "http://127.0.0.1:7070/api/box/auth/confirm?state=s1")
        #expect(line["pollToken"] == "poll_1")
        #expect(line["nextCommand"] == "box onboard --json")
        #expect(line["instruction"]?.string?.isEmpty == false)
        #expect(line["code"] == "BCDF-GH23")

        fixture.set("BOX_API_URL", nil)
        fixture.transport.on(Self.poll, #"{"ok":true,"type":"login.pending"}"#)
            .on(Self.poll, 503, "busy").fail(Self.poll).on(Self.poll, Self.completed)
        #expect(await fixture.run("onboard", "--json") == 0)
        #expect(fixture.transport.body(1) == #"{"pollToken":"poll_1"}"#)
        #expect(
            fixture.out.text
                == #"{"event":"login_complete","data":{"user":{"login":"octocat","email":"octocat@example.com"}}}"#
                + "\n")
        #expect(try fixture.readConfig()?["token"] == "box_new")
        #expect(try fixture.readConfig()?["api_url"] == "http://127.0.0.1:7070")
    }

    @Test func peopleWaitForTheBrowserWithoutAnotherCommand() async throws {
        fixture.useTerminal()
        fixture.transport.on(Self.start, Self.started).on(Self.poll, Self.completed)
        #expect(await fixture.run("login") == 0)
        #expect(fixture.out.text.contains("http://127.0.0.1:7070/api/box/auth/confirm?state=s1"))
        #expect(fixture.out.text.contains("BCDF-GH23"))
        #expect(fixture.out.text.contains("logged in at http://127.0.0.1:7070 as octocat"))
        #expect(!fixture.out.text.contains("poll_1") && !fixture.err.text.contains("poll_1"))
    }

    @Test(arguments: [
        (403, "login_denied", "the login was denied in the browser"),
        (404, "login_expired", "this login isn't waiting any more: start another one with `box login`"),
    ])
    func aLoginThatIsOverIsForgotten(status: Int, code: String, message: String) async {
        fixture.transport.on(Self.start, Self.started)
        _ = await fixture.run("login", "--json")
        fixture.transport.on(Self.poll, status, Answers.error(status, code, message))
        #expect(await fixture.run("onboard", "--json") == 4)
        #expect(fixture.out.text == #"{"event":"error","error":"\#(message)"}"# + "\n")
        #expect(await fixture.run("onboard", "--json") == 4)
        #expect(
            fixture.out.text == #"{"event":"error","error":"no login is under way. begin one with `box login`"}"# + "\n"
        )
    }

    @Test func aLoginThatExpiredIsNoLossWhereThereIsAKey() async {
        fixture.transport.on(Self.start, Self.started)
        _ = await fixture.run("login", "--json")
        fixture.set("BOX_API_KEY", "box_key")
        fixture.transport.on(Self.poll, 404, Answers.error(404, "login_expired", "gone")).on("GET /me", Answers.me)
        #expect(await fixture.run("onboard", "--json") == 0)
        #expect(fixture.out.text.contains(#""event":"login_complete""#))
    }

    @Test func aServerThatStaysAwayEndsTheWait() async {
        fixture.transport.on(Self.start, Self.started)
        _ = await fixture.run("login", "--json")
        for _ in 0...60 { fixture.transport.fail(Self.poll, "refused", kind: .unreachable) }
        #expect(await fixture.run("onboard", "--json") == 1)
        #expect(fixture.out.text.contains("could not reach the Box API at http://127.0.0.1:7070: refused"))
        fixture.change { $0.now = { Timestamp(milliseconds: 1_779_984_033_143 + 601_000) } }
        #expect(await fixture.run("onboard", "--json") == 4)
        #expect(fixture.out.text.contains("this login isn't waiting any more"))
    }

    @Test func anotherServersLoginIsNotCompleted() async {
        fixture.transport.on(Self.start, Self.started)
        _ = await fixture.run("login", "--json")
        #expect(await fixture.run("onboard", "--json", "--api-url", "http://127.0.0.1:9") == 4)
        #expect(fixture.out.text.contains("the login that is under way is at http://127.0.0.1:7070"))
    }

    @Test func onboardWhenLoggedInSaysSo() async {
        fixture.set("BOX_API_KEY", "box_key")
        fixture.transport.on("GET /me", Answers.me)
        #expect(await fixture.run("onboard", "--json") == 0)
        #expect(fixture.out.text.contains(#""event":"login_complete""#))
    }

    @Test func aServerWithoutSuchALoginAsksPeopleForTheKey() async throws {
        fixture.useTerminal()
        fixture.type("box_typed\n")
        fixture.transport.on(Self.start, 404, Answers.error(404, "not_found", "there is no such route")).on(
            "GET /me", Answers.me)
        #expect(await fixture.run("login") == 0)
        #expect(fixture.err.text == "API key (it is not shown): \n")
        #expect(try fixture.readConfig()?["token"] == "box_typed")
    }

    @Test(arguments: [#"{"error":"not_found"}"#, "<html>no</html>"])
    func programsAreToldThatAKeyIsNeeded(body: String) async {
        fixture.transport.on(Self.start, 404, body)
        #expect(await fixture.run("login", "--json") == 4)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"http://127.0.0.1:7070 offers no login through a browser. run `box login KEY`, or `box login -` with the key on standard input"}"#
                + "\n")
    }

    @Test func anAddressThatIsNotOfTheWebIsRefused() async {
        fixture.transport.on(Self.start, #"{"ok":true,"url":"javascript:alert(1)","pollToken":"p"}"#)
        #expect(await fixture.run("login", "--json") == 1)
        #expect(fixture.out.text.contains("javascript:alert(1)\\\" is not a valid http or https URL"))
    }
}
