import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// The login through a browser, with the requests of a browser.
struct LoginTests {
    private func start(_ api: API, machine: String = "laptop") async throws -> (
        state: String, token: String, code: String
    ) {
        let answer = try await api.raw(.post, "/api/box/auth/start", "{\"machine\":\"\(machine)\"}")
        #expect(answer.status == 200)
        #expect(answer.json["type"] == "login.started")
        #expect(answer.json["expiresIn"] == 600)
        let path = try #require(answer.json["path"]?.string)
        let state = try #require(path.split(separator: "=").last.map(String.init))
        #expect(path == "/api/box/auth/confirm?state=\(state)")
        return (state, try #require(answer.json["pollToken"]?.string), try #require(answer.json["code"]?.string))
    }
    private func poll(_ api: API, _ token: String) async throws -> Answer {
        try await api.raw(.post, "/api/box/auth/poll", "{\"pollToken\":\"\(token)\"}")
    }
    private func answer(_ api: API, _ form: String, headers: [String: String] = [:]) async throws -> Answer {
        try await api.raw(.post, "/api/box/auth/confirm", form, headers: headers)
    }

    /// Otherwise web pages could use up all pending logins.
    @Test(arguments: [["Origin": "https://evil.test"], ["Origin": "null", "Sec-Fetch-Site": "cross-site"]])
    func pagesOfOthersStartNone(headers: [String: String]) async throws {
        try await withServer { api in
            let answer = try await api.raw(.post, "/api/box/auth/start", "{}", headers: headers)
            #expect(answer.status == 403)
            #expect(answer.code == "forbidden")
        }
    }

    @Test func confirmingGivesTheOtherMachineAKeyOfItsOwn() async throws {
        try await withServer { api in
            let login = try await start(api)
            #expect(try await poll(api, login.token).json["type"] == "login.pending")
            let page = try await api.raw(.get, "/api/box/auth/confirm?state=\(login.state)")
            #expect(page.status == 200)
            #expect(page.text.contains("<strong>laptop</strong>"))
            #expect(page.text.contains(login.code))
            #expect(page.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
            #expect(page.header("Cache-Control") == "no-store")
            #expect(!page.text.contains(login.token))
            let confirmed = try await answer(api, "state=\(login.state)&key=+\(api.secret)+&answer=confirm")
            #expect(confirmed.status == 200)
            #expect(!confirmed.text.contains(api.secret))
            let done = try await poll(api, login.token)
            #expect(done.json["type"] == "login.complete")
            #expect(done.json["user"] == ["login": "alice", "email": "alice@localhost"])
            let key = try #require(done.json["token"]?.string)
            #expect(key != api.secret)
            #expect(try await api.send(.get, "/me", authorization: "Bearer \(key)").status == 200)
            #expect(try await poll(api, login.token).json["token"]?.string == key, "the answer could have been lost")
        }
    }

    /// The headers that Chromium sends from a page whose policy hides referrers, and from one whose policy doesn't.
    @Test(arguments: [
        ["Origin": "null", "Sec-Fetch-Site": "same-origin"],
        ["Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"],
    ])
    func aBrowsersOwnHeadersAreUnderstood(headers: [String: String]) async throws {
        try await withServer { api in
            let login = try await start(api)
            let confirmed = try await answer(
                api, "state=\(login.state)&key=\(api.secret)&answer=confirm", headers: headers)
            #expect(confirmed.status == 200)
            #expect(try await poll(api, login.token).json["type"] == "login.complete")
        }
    }

    @Test func aNameWithoutEndIsCut() async throws {
        try await withServer { api in
            let login = try await start(api, machine: "a" + String(repeating: "\u{301}", count: 100_000) + "\u{202E}")
            let page = try await api.raw(.get, "/api/box/auth/confirm?state=\(login.state)")
            #expect(page.text.utf8.count < 5000)
            #expect(!page.text.unicodeScalars.contains("\u{202E}"))
        }
    }

    @Test func denyingEndsIt() async throws {
        try await withServer { api in
            let login = try await start(api)
            #expect(try await answer(api, "state=\(login.state)&key=\(api.secret)&answer=deny").status == 200)
            #expect(try await poll(api, login.token).code == "login_denied")
            #expect(try await api.raw(.get, "/api/box/auth/confirm?state=\(login.state)").status == 404)
        }
    }

    @Test func wrongKeysEndItAfterFive() async throws {
        try await withServer { api in
            let login = try await start(api)
            for attempt in 1...5 {
                let page = try await answer(api, "state=\(login.state)&key=box_wrong&answer=confirm")
                #expect(page.status == (attempt < 5 ? 403 : 404))
                #expect(!page.text.contains("box_wrong"))
            }
            #expect(try await answer(api, "state=\(login.state)&key=\(api.secret)&answer=confirm").status == 404)
            #expect(try await poll(api, login.token).code == "login_denied")
        }
    }

    @Test func formsFromOtherSitesAndUnknownStatesGetNowhere() async throws {
        try await withServer { api in
            let login = try await start(api)
            let form = "state=\(login.state)&key=\(api.secret)&answer=confirm"
            #expect(try await answer(api, form, headers: ["Origin": "https://evil.test"]).status == 403)
            let crossSite = ["Origin": "null", "Sec-Fetch-Site": "cross-site"]
            #expect(try await answer(api, form, headers: crossSite).status == 403)
            #expect(try await answer(api, "state=none&key=\(api.secret)&answer=confirm").status == 404)
            #expect(try await answer(api, "").status == 404)
            #expect(try await poll(api, login.token).json["type"] == "login.pending")
            #expect(try await poll(api, "none").code == "login_expired")
        }
    }

    @Test func whatTheOtherMachineCallsItselfIsOnlyText() async throws {
        try await withServer { api in
            let login = try await start(api, machine: "<img src=x onerror=alert(1)>&\\\"'\\u0007")
            let page = try await api.raw(.get, "/api/box/auth/confirm?state=\(login.state)")
            #expect(page.text.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;</strong>"))
        }
    }

    @Test func noMoreThanAHundredWaitAtATime() async throws {
        try await withServer { api in
            for _ in 0..<100 { _ = try await start(api) }
            let refused = try await api.raw(.post, "/api/box/auth/start", "{}")
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
        }
    }

    @Test func formsAreDecoded() {
        let form = Form(Array("a=1%2B1+x&b&c=%zz%4&d=%C3%A4&a=2".utf8))
        #expect(form["a"] == "2")
        #expect(form["b"] == "")
        #expect(form["c"] == nil, "no browser sends that")
        #expect(form["d"] == "ä")
        #expect(form["e"] == nil)
    }
}
