import BoxModel
import Testing

@testable import BoxCLI

@Suite struct APIKeyTests {
    let world = TestWorld()
    let key =
        #"{"id":"sak_1","name":"ci","keyPrefix":"box_ab","keyLastFour":"wxyz","createdAt":"2026-05-28T15:00:33.143Z","lastUsedAt":null}"#

    @Test func list() async {
        world.transport.on("GET /api-keys", #"{"ok":true,"type":"api_key.list","apiKeys":[\#(key)],"x":1}"#)
        #expect(await world.run("api-key", "list") == 0)
        #expect(
            world.out.text == """
                ID     NAME  KEY          CREATED  LAST USED
                sak_1  ci    box_ab…wxyz  1h ago   never

                """)
        world.transport.on("GET /api-keys", #"{"ok":true,"type":"api_key.list","apiKeys":[\#(key)],"x":1}"#)
        #expect(await world.run("api-keys", "ls", "--json") == 0)
        #expect(world.out.text == #"{"apiKeys":[\#(key)],"x":1}"# + "\n")
        world.transport.on("GET /api-keys", #"{"ok":true,"apiKeys":[]}"#)
        #expect(await world.run("api-key", "list") == 0)
        #expect(world.out.text == "" && world.err.text == "no API keys. make one with `box api-key create`\n")
    }

    @Test func theSecretIsShownOnceAndAlone() async {
        let answer = #"{"ok":true,"type":"t","apiKeys":[\#(key)],"apiKey":\#(key),"secret":"box_s3cret"}"#
        world.transport.on("POST /api-keys", answer).on("POST /api-keys/sak_1/rotate", answer)
            .on("POST /api-keys", answer)
        #expect(await CLI.run(["api-key", "create", "--name", "ci"], in: world.current) == .success)
        #expect(world.out.text == "box_s3cret\n")
        #expect(world.err.text == "store the secret of the key sak_1 now: it is not shown again\n")
        #expect(world.transport.body(0) == #"{"name":"ci"}"#)
        world.out.clear()
        world.err.clear()
        #expect(await CLI.run(["api-key", "rotate", "sak_1"], in: world.current) == .success)
        #expect(world.out.text == "box_s3cret\n" && !world.err.text.contains("s3cret"))
        #expect(await world.run("api-key", "create", "--json") == 0)
        #expect(world.out.text == #"{"apiKeys":[\#(key)],"apiKey":\#(key),"secret":"box_s3cret"}"# + "\n")
        #expect(world.err.text == "" && world.transport.body(2) == "{}")
    }

    @Test func deletingAsksOnATerminal() async {
        world.useTerminal()
        world.type("n\n")
        #expect(await world.run("api-key", "delete", "sak_1") == 1)
        #expect(world.err.text == "delete the API key sak_1? [y/N] nothing was deleted\n")
        world.type("y\n")
        world.transport.on("DELETE /api-keys/sak_1", #"{"ok":true,"apiKeys":[]}"#)
        #expect(await world.run("api-key", "delete", "sak_1") == 0)
        #expect(world.out.text == "sak_1 is deleted\n")
        world.transport.on("DELETE /api-keys/sak_1", #"{"ok":true,"type":"api_key.deleted","apiKeys":[]}"#)
        #expect(await world.run("api-key", "delete", "sak_1", "--yes", "--json") == 0)
        #expect(world.out.text == #"{"apiKeys":[]}"# + "\n" && world.err.text == "")
    }

    @Test func aKeyThatIsNotThere() async {
        for (verb, request) in [("delete", "DELETE /api-keys/sak_9"), ("rotate", "POST /api-keys/sak_9/rotate")] {
            world.transport.on(request, 404, Answers.error(404, "not_found", "x"))
            #expect(await world.run("api-key", verb, "sak_9", "--json") == 1)
            #expect(
                world.out.text
                    == #"{"event":"error","error":"not found (404). there is no API key sak_9. see those there are with `box api-key list`","code":"not_found","status":404}"#
                    + "\n")
        }
        #expect(await world.run("api-key", "rotate") == 2)
        #expect(world.usageProblem == "missing KEY_ID: box api-key rotate KEY_ID")
        #expect(await world.run("api-key", "create", "--name", String(repeating: "x", count: 81)) == 2)
        #expect(world.usageProblem == "--name has more than 80 characters")
    }
}
