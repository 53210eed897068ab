import BoxClient
import BoxModel
import BoxSSH
import Testing

@testable import BoxCLI

/// The error line in JSON mode, the message for people, and the exit status.
@Suite struct ErrorTests {
    let fixture = CLIFixture()
    static let notFound =
        "not found (404). check the Box ID with `box list` (or use `current` if you created one in this shell)"

    private func errorLine(_ status: Int, _ body: String) async -> (line: String, exit: Int32) {
        fixture.transport.on("DELETE /boxes/bx_1", status, body)
        let exit = await fixture.run("delete", "bx_1", "--json")
        #expect(fixture.err.text == "")
        return (fixture.out.text, exit)
    }

    @Test func notFoundHasTheDocumentedWords() async {
        let expected = #"{"event":"error","error":"\#(Self.notFound)","code":"not_found","status":404}"# + "\n"
        for body in [Answers.error(404, "not_found", "Box not found"), #"{"error":"not_found"}"#] {
            let (line, exit) = await errorLine(404, body)
            #expect(line == expected)
            #expect(exit == 1)
        }
    }

    @Test(arguments: [
        (
            409, Answers.error(409, "stop_failed", "It is cloning."),
            #""It is cloning.","code":"stop_failed","status":409"#, Int32(1)
        ),
        (
            401, Answers.error(401, "unauthorized", "Bad key."),
            #""Bad key. log in with `box login KEY`, or set BOX_API_KEY","code":"unauthorized","status":401"#, 4
        ),
        (
            404,
            #"{"ok":false,"type":"box.error","status":404,"code":"not_found","message":"there is no GET /x","error":{"code":"not_found","message":"there is no GET /x","status":404,"details":{"route":"GET /x"}}}"#,
            #""there is no GET /x","code":"not_found","status":404"#, 1
        ),
        (
            403, #"{"error":"forbidden"}"#,
            #""forbidden (403). this key may not do that","code":"forbidden","status":403"#, 4
        ),
        (418, #"{"error":"teapot"}"#, #""teapot (HTTP 418)","code":"teapot","status":418"#, 1),
        (
            402,
            #"{"error":"billing_required","status":"blocked","message":"Pay.","billingUrl":"https://d/b?box_token=s3cret"}"#,
            #""Pay. See https://d/b","code":"billing_required","status":402"#, 1
        ),
        (
            409,
            #"{"code":"provider_not_configured","error":{"message":"Locked.","details":{"setupUrl":"https://d/s?tab=agents"}}}"#,
            #""Locked. See https://d/s?tab=agents","code":"provider_not_configured","status":409"#, 1
        ),
    ])
    func apiFailuresHaveCodeAndStatus(_ status: Int, _ body: String, _ expected: String, _ exit: Int32) async {
        let (line, actualExit) = await errorLine(status, body)
        #expect(line == #"{"event":"error","error":\#(expected)}"# + "\n")
        #expect(actualExit == exit)
    }

    @Test func answersThatAreNotJSONHaveNoCode() async {
        let (line, exit) = await errorLine(502, "<html>Bad Gateway")
        #expect(
            line
                == #"{"event":"error","error":"the answer of the Box API at http://127.0.0.1:7070 (HTTP 502) can't be used: it is not JSON (expected a JSON value at byte 0)"}"#
                + "\n")
        #expect(exit == 1)
    }

    @Test func networkFailures() async {
        fixture.transport.fail("DELETE /boxes/bx_1", "Failed to connect to 127.0.0.1 port 7070", kind: .unreachable)
        #expect(await fixture.run("delete", "bx_1", "--json") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"could not reach the Box API at http://127.0.0.1:7070: Failed to connect to 127.0.0.1 port 7070. is boxd running? start it with `box local up`"}"#
                + "\n")
        fixture.transport.fail("DELETE /boxes/bx_1", "wrong version number")
        #expect(await fixture.run("delete", "bx_1", "--json") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"could not reach the Box API at http://127.0.0.1:7070: wrong version number"}"#
                + "\n")
        fixture.transport.fail("DELETE /boxes/bx_1", "Could not resolve host: box.example.com")
        #expect(await fixture.run("delete", "bx_1", "--json", "--api-url", "https://box.example.com") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"could not reach the Box API at https://box.example.com: Could not resolve host: box.example.com"}"#
                + "\n")
    }

    @Test func peopleGetWordsAndAHintOnStderr() async {
        fixture.transport.on("DELETE /boxes/bx_1", 401, Answers.error(401, "unauthorized", #"Bad key.\t"#))
        #expect(await fixture.run("delete", "bx_1", "--color", "never") == 4)
        #expect(fixture.out.text == "")
        #expect(
            fixture.err.text == "error: Bad key.\u{FFFD}; log in with `box login KEY`, or set BOX_API_KEY\n")
    }

    @Test func withoutAKeyNothingIsAsked() async {
        fixture.set("BOX_API_KEY", nil)
        #expect(await fixture.run("list", "--json") == 4)
        #expect(
            fixture.out.text == #"{"event":"error","error":"not logged in. run `box login KEY`, or set BOX_API_KEY"}"#
                + "\n")
    }

    @Test(arguments: ["box key", "box_\u{7}key", "box_ü"])
    func aKeyThatNoHeaderCanHaveIsNamedByItsSource(key: String) async throws {
        fixture.set("BOX_API_KEY", key)
        #expect(await fixture.run("list", "--json") == 1)
        let rest = "has characters that no key has. copy it again, as one word"
        #expect(fixture.out.text == #"{"event":"error","error":"the API key in BOX_API_KEY \#(rest)"}"# + "\n")
        fixture.set("BOX_API_KEY", nil)
        try fixture.writeConfig(
            JSON.object(JSONObject([("api_url", "http://127.0.0.1:7070"), ("token", .string(key))])).compact)
        #expect(await fixture.run("list", "--json") == 1)
        #expect(
            fixture.out.text == #"{"event":"error","error":"the API key in \#(fixture.configPath) \#(rest)"}"# + "\n")
        #expect(fixture.transport.sent.isEmpty)
    }

    @Test(arguments: ["a b", "../x", "bx_1\n", "ünï", "a%2f"]) func anImpossibleIDIsNotFound(id: String) async {
        #expect(await fixture.run("info", "--json", "--", id) == 1)
        #expect(fixture.out.text == #"{"event":"error","error":"\#(Self.notFound)"}"# + "\n")
        #expect(fixture.transport.sent.isEmpty)
    }

    @Test func aWrongServerAddress() async {
        #expect(await fixture.run("list", "--json", "--api-url", "ascii.dev") == 1)
        #expect(
            fixture.out.text
                == #"{"event":"error","error":"invalid API URL \"ascii.dev\": it has no http:// or https://. Use an origin such as https://ascii.dev or http://127.0.0.1:7070"}"#
                + "\n")
    }

    @Test func wrongArgumentsAreNeverJSON() async {
        #expect(await fixture.run("lst", "--json") == 2)
        #expect(fixture.out.text == "")
        #expect(fixture.err.text == "error: unknown command \"lst\"; did you mean \"list\"? run `box --help`\n")
        #expect(await fixture.run("info", "") == 2)
        #expect(fixture.err.text == "error: ID is empty; run `box info --help`\n")
    }

    @Test func theMapFromErrorsToStatuses() {
        #expect(Failure(CancellationError()).exit.rawValue == 130)
        #expect(Failure(SSHError(.connectionRefused, "no")).exit.rawValue == 255)
        #expect(Failure(SSHError(.interrupted(signal: 15), "interrupted")).exit.rawValue == 143)
        #expect(Failure(BoxError.notLoggedIn).exit.rawValue == 4)
        #expect(Failure(CommandError("x")).exit.rawValue == 1)
        #expect(Failure(BoxError.fileChanged(path: "f")).exit.rawValue == 1)
    }

    @Test func verboseTracesHaveNoSecrets() async {
        fixture.transport.on("GET /boxes/bx_1", Answers.info("ready"))
        #expect(await fixture.run("info", "bx_1", "-v", "--color=never") == 0)
        #expect(fixture.err.text.hasPrefix("GET http://127.0.0.1:7070/api/box/v1/boxes/bx_1 200 in 0."))
        #expect(!fixture.err.text.contains("box_key"))
    }

    @Test(arguments: [
        (
            BoxError.promptTimedOut(id: "bx_1", prompt: "p", lastStatus: .running, seconds: 60),
            "the prompt is still running after 1m. watch it with `box events bx_1 -f`"
        ),
        (.fileChanged(path: "f"), "f changed while it was being sent. try again when it stays as it is"),
        (.notRegularFile(path: "f"), "f is not a regular file"),
        (.notText(path: "f"), "f is not text in UTF-8. read it with `box artifact`"),
    ])
    func errorsOfFilesAndPrompts(_ error: BoxError, _ message: String) {
        #expect(Failure(error).message == message)
    }
}
