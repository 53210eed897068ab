import BoxModel
import Testing

@testable import BoxCLI

@Suite struct APIKeyTests {
    let fixture = CLIFixture()
    let key =
        #"{"id":"sak_1","name":"ci","keyPrefix":"box_ab","keyLastFour":"wxyz","createdAt":"2026-05-28T15:00:33.143Z","lastUsedAt":null}"#

    @Test func list() async {
        fixture.transport.on("GET /api-keys", #"{"ok":true,"type":"api_key.list","apiKeys":[\#(key)],"x":1}"#)
        #expect(await fixture.run("api-key", "list") == 0)
        #expect(
            fixture.out.text == """
                ID     NAME  KEY          CREATED  LAST USED
                sak_1  ci    box_ab…wxyz  1h ago   never

                """)
        fixture.transport.on("GET /api-keys", #"{"ok":true,"type":"api_key.list","apiKeys":[\#(key)],"x":1}"#)
        #expect(await fixture.run("api-keys", "ls", "--json") == 0)
        #expect(fixture.out.text == #"{"apiKeys":[\#(key)],"x":1}"# + "\n")
        fixture.transport.on("GET /api-keys", #"{"ok":true,"apiKeys":[]}"#)
        #expect(await fixture.run("api-key", "list") == 0)
        #expect(fixture.out.text == "" && fixture.err.text == "no API keys. make one with `box api-key create`\n")
    }

    @Test func theSecretIsShownOnceAndAlone() async {
        let answer = #"{"ok":true,"type":"t","apiKeys":[\#(key)],"apiKey":\#(key),"secret":"box_s3cret"}"#
        fixture.transport.on("POST /api-keys", answer).on("POST /api-keys/sak_1/rotate", answer)
            .on("POST /api-keys", answer)
        #expect(await CLI.run(["api-key", "create", "--name", "ci"], in: fixture.current) == .success)
        #expect(fixture.out.text == "box_s3cret\n")
        #expect(fixture.err.text == "store the secret of the key sak_1 now: it is not shown again\n")
        #expect(fixture.transport.body(0) == #"{"name":"ci"}"#)
        fixture.out.clear()
        fixture.err.clear()
        #expect(await CLI.run(["api-key", "rotate", "sak_1"], in: fixture.current) == .success)
        #expect(fixture.out.text == "box_s3cret\n" && !fixture.err.text.contains("s3cret"))
        #expect(await fixture.run("api-key", "create", "--json") == 0)
        #expect(fixture.out.text == #"{"apiKeys":[\#(key)],"apiKey":\#(key),"secret":"box_s3cret"}"# + "\n")
        #expect(fixture.err.text == "" && fixture.transport.body(2) == "{}")
    }

    @Test func deletingAsksOnATerminal() async {
        fixture.useTerminal()
        fixture.type("n\n")
        #expect(await fixture.run("api-key", "delete", "sak_1") == 1)
        #expect(fixture.err.text == "delete the API key sak_1? [y/N] nothing was deleted\n")
        fixture.type("y\n")
        fixture.transport.on("DELETE /api-keys/sak_1", #"{"ok":true,"apiKeys":[]}"#)
        #expect(await fixture.run("api-key", "delete", "sak_1") == 0)
        #expect(fixture.out.text == "sak_1 is deleted\n")
        fixture.transport.on("DELETE /api-keys/sak_1", #"{"ok":true,"type":"api_key.deleted","apiKeys":[]}"#)
        #expect(await fixture.run("api-key", "delete", "sak_1", "--yes", "--json") == 0)
        #expect(fixture.out.text == #"{"apiKeys":[]}"# + "\n" && fixture.err.text == "")
    }

    @Test func aKeyThatIsNotThere() async {
        for (verb, request) in [("delete", "DELETE /api-keys/sak_9"), ("rotate", "POST /api-keys/sak_9/rotate")] {
            fixture.transport.on(request, 404, Answers.error(404, "not_found", "x"))
            #expect(await fixture.run("api-key", verb, "sak_9", "--json") == 1)
            #expect(
                fixture.out.text
                    == #"{"event":"error","error":"not found (404). there is no API key sak_9. see those there are with `box api-key list`","code":"not_found","status":404}"#
                    + "\n")
        }
        #expect(await fixture.run("api-key", "rotate") == 2)
        #expect(fixture.usageProblem == "missing KEY_ID: box api-key rotate KEY_ID")
        #expect(await fixture.run("api-key", "create", "--name", String(repeating: "x", count: 81)) == 2)
        #expect(fixture.usageProblem == "--name has more than 80 characters")
    }
}
