import BoxArguments
import BoxClient
import BoxModel
import Testing

@testable import BoxCLI

@Suite struct AgentTests {
    let fixture = CLIFixture()

    private static let prompt = "09690a68-5aee-4b35-a2e7-eb1b64e3e104"

    private func event(_ status: String) -> String {
        #"{"id":"\#(Self.prompt)","type":"prompt","timestamp":1000,"taskId":"\#(Self.prompt)","data":{"prompt":"say hi","status":"\#(status)"}}"#
    }
    private func response(_ text: String, partial: Bool = false, at moment: Int = 2000) -> String {
        let streaming = partial ? #","is_streaming":true"# : ""
        return
            #"{"id":"r\#(moment)","taskId":"\#(Self.prompt)","type":"response","timestamp":\#(moment),"data":{"content":"\#(text)","is_reverted":false,"model":"gpt-5.4"\#(streaming)}}"#
    }
    private func page(_ events: String...) -> String {
        #"{"ok":true,"type":"events.list","id":"bx_8pqt6dup","events":[\#(events.joined(separator: ","))],"pageInfo":{"hasMore":false,"limit":200,"nextCursor":null}}"#
    }
    private static let queued =
        #"{"ok":true,"type":"prompt.queued","id":"bx_8pqt6dup","promptId":"\#(prompt)","promptRun":{"status":"queued","extra":1e400},"status":"queued","provider":"codex","model":null,"reasoningEffort":null}"#
    private static let events = "GET /boxes/bx_8pqt6dup/events"

    @Test func aPromptFromQueuedToFinished() async {
        let cursor = PageCursor(moment: 900, id: "old").text
        fixture.transport
            .on("\(Self.events)?limit=1&sort=desc", page(#"{"id":"old","type":"response","timestamp":900,"data":{}}"#))
            .on("POST /boxes/bx_8pqt6dup/prompt", 202, Self.queued)
            .on("\(Self.events)?limit=200&cursor=\(cursor)&sort=asc", page(event("queued")))
            .on(
                "\(Self.events)?limit=200&cursor=\(cursor)&sort=asc",
                page(event("running"), response("h", partial: true))
            )
            .on("\(Self.events)?limit=200&cursor=\(cursor)&sort=asc&type=prompt", page(event("running")))
        let place = PageCursor(moment: 1000, id: Self.prompt).text
        fixture.transport
            .on(
                "\(Self.events)?limit=200&cursor=\(place)&sort=asc",
                page(response("h", partial: true), response("hi", at: 2001))
            )
            .on("\(Self.events)?limit=200&cursor=\(cursor)&sort=asc&type=prompt", page(event("finished")))
            .on(
                "\(Self.events)?limit=200&cursor=\(PageCursor(moment: 2000, id: "r2000").text)&sort=asc",
                page(response("hi", at: 2001)))
        #expect(await fixture.run("prompt", "--provider", "codex", "bx_8pqt6dup", "say", "hi", "--json") == 0)
        #expect(fixture.transport.body(1) == #"{"prompt":"say hi","provider":"codex"}"#)
        #expect(
            fixture.out.lines == [
                #"{"event":"queued","data":{"id":"bx_8pqt6dup","promptId":"\#(Self.prompt)","promptRun":{"status":"queued","extra":1e400},"status":"queued","provider":"codex","model":null,"reasoningEffort":null}}"#,
                #"{"event":"chat","final":true,"data":\#(event("queued"))}"#,
                #"{"event":"chat","final":true,"data":\#(event("running"))}"#,
                #"{"event":"chat","final":false,"data":\#(response("h", partial: true))}"#,
                #"{"event":"chat","final":true,"data":\#(response("hi", at: 2001))}"#,
                #"{"event":"chat","final":true,"data":\#(event("finished"))}"#,
            ])
        #expect(fixture.err.text == "")
    }

    @Test func aPromptThatFailsIsAnErrorAtTheEnd() async {
        let failed = event("failed").replacing(
            #""status":"failed""#, with: #""status":"failed","error":"no credit\u001b[2J""#)
        fixture.transport.on("\(Self.events)?limit=1&sort=desc", page())
            .on("POST /boxes/bx_8pqt6dup/prompt", 202, Self.queued)
            .on("\(Self.events)?limit=200&sort=asc", page(failed))
        #expect(await fixture.run("prompt", "bx_8pqt6dup", "say hi", "--json") == 1)
        #expect(fixture.transport.body(1) == #"{"prompt":"say hi"}"#)
        #expect(fixture.out.lines.last == #"{"event":"error","error":"the prompt failed: no credit�[2J"}"#)
    }

    @Test func noWaitEndsWithTheQueuedLine() async {
        fixture.transport.on("POST /boxes/bx_8pqt6dup/prompt", 202, Self.queued)
        fixture.type("from standard input\n")
        #expect(await fixture.run("prompt", "bx_8pqt6dup", "--no-wait", "--json") == 0)
        #expect(fixture.transport.body(0) == #"{"prompt":"from standard input\n"}"#)
        #expect(fixture.out.lines.count == 1)
    }

    @Test(arguments: [
        (["--provider", "nope"], #"invalid provider "nope". Use codex or claude."#),
        (
            ["--provider", "codex", "--model", "opus"],
            #"invalid model "opus" for codex. Use gpt-5.5, gpt-5.4, gpt-5.4-mini or gpt-5.3-codex."#
        ),
        (
            ["--provider", "claude", "--model", "sonnet", "--reasoning-effort", "max"],
            #"invalid reasoning effort "max" for sonnet. Use low, medium or high."#
        ),
        (
            ["--model", "haiku", "--reasoning-effort", "low"],
            #"invalid reasoning effort "low" for haiku. It has no reasoning effort to choose."#
        ),
    ])
    func wrongChoicesAreToldBeforeAnythingIsSent(options: [String], message: String) async {
        let status = await fixture.run(["prompt"] + options + ["bx_8pqt6dup", "hi", "--json"])
        #expect(status == 1)
        #expect(fixture.out.lines == [(["event": "error", "error": .string(message)] as JSON).compact])
        #expect(fixture.transport.sent.isEmpty)
    }

    /// The text is a literal, because building it would cost time in every run. So this checks that it is complete.
    @Test func theHelpNamesEveryModelWithItsEfforts() {
        let help = Prompt.spec.discussion.replacing("gpt-5.5, gpt-5.4, gpt-5.4-mini", with: "gpt-5.4-mini")
        for provider in AgentCatalog.providers {
            #expect(help.contains("\(provider.name): "))
            for model in provider.models where !["gpt-5.5", "gpt-5.4"].contains(model.name) {
                let efforts = model.reasoningEfforts
                let text = efforts.isEmpty ? "no effort to choose" : efforts.joined(separator: ", ")
                #expect(help.contains("\(model.name) (\(text))"))
            }
        }
        let same = AgentCatalog.codex.models.prefix(3).map(\.reasoningEfforts)
        #expect(Set(same).count == 1)
    }

    @Test func anAliasIsSentByItsName() async {
        fixture.transport.on("POST /boxes/bx_8pqt6dup/prompt", 202, Self.queued)
        _ = await fixture.run(
            "prompt", "--provider", "claude", "--model", "opus", "--reasoning-effort", "max", "bx_8pqt6dup", "hi",
            "--no-wait")
        #expect(
            fixture.transport.body(0)
                == #"{"prompt":"hi","provider":"claude-code","model":"opus","reasoningEffort":"max"}"#)
        #expect(fixture.out.text == "queued \(Self.prompt)\n")
        #expect(fixture.err.text == "watch it with `box events bx_8pqt6dup -f`\n")
    }

    @Test func anEmptyPromptIsRefused() async {
        fixture.type("  \n")
        #expect(await fixture.run("prompt", "bx_8pqt6dup", "--json") == 1)
        #expect(fixture.out.text.contains("the prompt is empty"))
    }

    @Test(arguments: [
        ([0xFF], "standard input is not text in UTF-8. encode it first, for example with base64"),
        (
            [UInt8](repeating: 65, count: (1 << 20) + 1),
            "standard input has more than 1 MiB. copy long material with `box scp`, and say in the prompt where it is"
        ),
    ])
    func aPromptIsTextOfSomeLength(_ bytes: [UInt8], _ message: String) async {
        fixture.change { $0.input = TypedInput(bytes: bytes) }
        #expect(await fixture.run("prompt", "bx_8pqt6dup") == 1)
        #expect(fixture.err.text == "error: \(message)\n")
        #expect(fixture.transport.sent.isEmpty)
    }

    @Test func eventsForPeopleShowTextToolsAndCommits() async {
        let tools =
            #"{"id":"t","type":"response","timestamp":3000,"data":{"content":"","tools":[{"use":{"id":"1","type":"tool_use","name":"Bash","input":{"command":"ls\u001b[2J"}},"result":{"is_error":true}}]}}"#
        let commit =
            #"{"id":"c","type":"git_checkpoint","timestamp":4000,"data":{"commit_sha":"0123456789abcdef","commit_message":"Fix\nmore","additions":3,"deletions":1}}"#
        fixture.transport.on(
            "\(Self.events)?limit=200&sort=asc",
            page(event("finished"), response("h", partial: true), response("hi", at: 2001), tools, commit))
        #expect(await fixture.run("events", "bx_8pqt6dup") == 0)
        #expect(
            fixture.out.text == """
                > say hi
                hi
                ✗ Bash ls�[2J
                commit 01234567 Fix …, +3 -1

                """)
    }

    @Test func eventsOfSomeTypesAndTheNewestOnly() async {
        fixture.transport.on(
            "\(Self.events)?limit=3&sort=desc&type=prompt%2Cresponse", page(response("b", at: 2), response("a", at: 1)))
        #expect(await fixture.run("events", "bx_8pqt6dup", "--type", "prompt, response", "-n", "2", "--json") == 0)
        #expect(fixture.out.lines.map { $0.contains(#""content":"a""#) } == [true, false])
    }

    @Test(arguments: [["--type", ""], ["--type", "a,,b"], ["--limit", "0"], ["--limit", "x"]])
    func badOptionsOfEventsAreUsageErrors(options: [String]) async {
        #expect(await fixture.run(["events", "bx_8pqt6dup"] + options) == 2)
        #expect(fixture.err.text.contains("invalid \(options[0])"))
    }

    @Test func aProviderThatIsNotSetUp() async {
        fixture.transport.on("\(Self.events)?limit=1&sort=desc", page()).on(
            "POST /boxes/bx_8pqt6dup/prompt", 409,
            #"{"error":"provider_not_configured","provider":"codex","setupUrl":"https://x.test/d?box_token=secret&tab=agents","message":"Codex is not set up."}"#
        )
        #expect(await fixture.run("prompt", "--provider", "codex", "bx_8pqt6dup", "hi", "--json") == 1)
        #expect(
            fixture.out.lines == [
                #"{"event":"error","error":"Codex is not set up. See https://x.test/d?tab=agents","code":"provider_not_configured","status":409}"#
            ])
    }

    @Test(arguments: [
        (
            409, #"{"error":"provider_not_configured","provider":"claude-code","message":"Not set up."}"#,
            "Not set up.", "claude-code"
        ),
        (
            409, #"{"code":"provider_not_configured","error":{"message":"No.","details":{"provider":"claude\u001b"}}}"#,
            "No.", "codex"
        ),
        (400, #"{"error":"provider_required","message":"No provider."}"#, "No provider.", "codex"),
        (400, #"{"error":"provider_required"}"#, "provider_required (HTTP 400)", "codex"),
    ])
    func peopleAreToldHowToSetAProviderUp(_ status: Int, _ body: String, _ message: String, _ provider: String) async {
        fixture.transport.on("\(Self.events)?limit=1&sort=desc", page()).on(
            "POST /boxes/bx_8pqt6dup/prompt", status, body)
        #expect(await fixture.run("prompt", "bx_8pqt6dup", "hi") == 1)
        #expect(fixture.transport.body(1) == #"{"prompt":"hi"}"#)
        #expect(
            fixture.err.text == """
                error: \(message)
                hint: set one up with `box provider set \(provider)`, or see what is with `box provider list`

                """)
    }

    @Test func peopleSeeTheWorkAndASummary() async {
        let tool =
            #"{"id":"t","taskId":"\#(Self.prompt)","type":"response","timestamp":2500,"data":{"content":"","tools":[{"use":{"id":"1","name":"Bash","input":{"command":"npm test"}},"result":{"is_error":false,"content":"ok\nok"}}]}}"#
        let commit =
            #"{"id":"c","taskId":"\#(Self.prompt)","type":"git_checkpoint","timestamp":2600,"data":{"commitSha":"0123456789","commitMessage":"Fix","branch":"main","filesChanged":1,"additions":3,"deletions":0,"pushed":false}}"#
        fixture.transport.on("\(Self.events)?limit=1&sort=desc", page())
            .on("POST /boxes/bx_8pqt6dup/prompt", 202, Self.queued)
            .on("\(Self.events)?limit=200&sort=asc", page(event("finished"), response("hi"), tool, commit))
        fixture.type("say hi\n")
        #expect(await fixture.run("prompt", "bx_8pqt6dup", "-") == 0)
        #expect(fixture.transport.body(1) == #"{"prompt":"say hi\n"}"#)
        #expect(
            fixture.out.text == """
                hi
                ✓ Bash npm test
                commit 01234567 Fix, 1 file +3 -0 (main, not pushed)

                """)
        #expect(fixture.err.text == "done in 0.00s: 1 tool used, 1 commit\n")
    }

    @Test func aFailureIsToldToPeopleOnce() async {
        let failed = event("failed").replacing(#""status":"failed""#, with: #""status":"failed","error":"401 no""#)
        fixture.transport.on("\(Self.events)?limit=1&sort=desc", page())
            .on("POST /boxes/bx_8pqt6dup/prompt", 202, Self.queued)
            .on("\(Self.events)?limit=200&sort=asc", page(failed))
        #expect(await fixture.run("prompt", "bx_8pqt6dup", "say hi") == 1)
        #expect(fixture.out.text == "")
        #expect(fixture.err.text == "failed after 0.00s\nerror: the prompt failed: 401 no\n")
    }
}
