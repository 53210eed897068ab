import BoxModel
import FoundationEssentials
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Parses recordings of the real agents, Codex 0.163.0 and Claude Code 2.1.330, with a scripted model.
struct AgentReaderTests {
    static func recording(_ name: String) throws -> [JSON] {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "AgentRecordings")
        let text = try String(contentsOf: directory.appending(path: "\(name).jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON.parse(String($0)) }
    }

    static func outputs(_ name: String) throws -> [AgentOutput] {
        var reader: any AgentReader = name.hasSuffix(".codex") ? CodexReader() : ClaudeReader()
        return try recording(name).flatMap { reader.read($0) }
    }

    /// One or two words for each output.
    static func summary(_ outputs: [AgentOutput]) -> [String] {
        outputs.map { output in
            switch output {
            case .session: "session"
            case .partial(let text): "partial <\(text)>"
            case .text(let text): "text <\(text)>"
            case .toolStarted(let tool): "start \(tool.name)"
            case .toolEnded(let tool, let result, let isError):
                "end \(tool.name) \(isError ? "failed" : "done") <\(result.string ?? result.compact)>"
            case .usageLimit(let message, _): "limit <\(message)>"
            case .failure(let message): "failure <\(message)>"
            case .unrecoverable(let message): "unrecoverable <\(message)>"
            case .usage: "usage"
            case .done: "done"
            }
        }
    }

    private static let words = (1...20).map { "word-\($0) " }.joined()

    static let recordings: [(String, [String])] = [
        ("plain.codex", ["session", "text <You said: just a question>", "usage", "done"]),
        (
            "run.codex",
            [
                "session", "text <first I look>", "start shell", "end shell failed <out\nerr\n>", "text <done>",
                "usage", "done",
            ]
        ),
        (
            "write.codex",
            [
                "session", "start apply_patch", "end apply_patch done <completed>", "text <written>", "usage", "done",
            ]
        ),
        ("stream.codex", ["session", "text <\(words)>", "usage", "done"]),
        (
            "status429-plain.codex",
            [
                "session", "limit <exceeded retry limit, last status: 429 Too Many Requests>",
                "failure <exceeded retry limit, last status: 429 Too Many Requests>",
            ]
        ),
        (
            "run.claude",
            [
                "session", "partial <first I look>", "text <first I look>", "start Bash",
                "end Bash failed <Exit code 3\nout\nerr>", "partial <done>", "text <done>", "usage", "done",
            ]
        ),
        (
            "stream.claude",
            ["session"] + (1...20).map { "partial <\((1...$0).map { "word-\($0) " }.joined())>" }
                + ["text <\(words)>", "usage", "done"]
        ),
        (
            "session-missing.claude",
            [
                "usage",
                "failure <No conversation found with session ID: 01a1ff38-bc47-7ce1-bcc8-889a7ec8d000>",
            ]
        ),
    ]

    @Test(arguments: recordings)
    func aRecordingIsUnderstood(_ name: String, _ expected: [String]) throws {
        #expect(try Self.summary(Self.outputs(name)) == expected)
    }

    @Test func theProvidersWordsAreKept() throws {
        let codex = try Self.summary(Self.outputs("status401.codex"))
        #expect(codex.count == 2)
        #expect(
            codex.last?.hasPrefix("failure <unexpected status 401 Unauthorized: Incorrect API key provided") == true)
        let limited = try Self.summary(Self.outputs("status429-plain.claude"))
        #expect(limited.contains { $0.hasPrefix("limit <API Error: Request rejected (429)") })
        #expect(limited.last?.hasPrefix("failure <API Error: Request rejected (429)") == true)
    }

    @Test func aLimitThatIsWaitedOutIsToldOnce() throws {
        let limits = try Self.summary(Self.outputs("status429-once.claude")).filter { $0.hasPrefix("limit") }
        #expect(limits == ["limit <the provider limits the rate of requests; Claude tries again>"])
    }

    @Test func anAccountWithoutCreditIsAUsageLimit() throws {
        let outputs = try Self.summary(Self.outputs("usage-limit.claude"))
        #expect(outputs.contains("limit <Credit balance is too low>"))
        #expect(outputs.last == "failure <Credit balance is too low>")
    }

    @Test func aKeyThatIsRefusedAgainIsUnrecoverable() throws {
        let outputs = try Self.summary(Self.outputs("status401.claude"))
        #expect(outputs.first { $0 != "session" } == "unrecoverable <the provider refuses the API key (status 401)>")
        #expect(!outputs.contains { $0.hasPrefix("text") }, "what Claude makes up itself is not the model's answer")
    }

    @Test func whatWasCutComesAgainFromItsBeginning() throws {
        let outputs = try Self.outputs("cut-in-stream.claude")
        let partials = outputs.compactMap { if case .partial(let text) = $0 { text } else { nil } }
        #expect(partials.contains(""), "the half text is given up")
        for (before, after) in zip(partials, partials.dropFirst()) {
            #expect(after.isEmpty || after.hasPrefix(before), "\(before) → \(after)")
        }
        #expect(Self.summary(outputs).last?.hasPrefix("failure <API Error: Connection dropped") == true)
    }

    @Test func whatSubagentsWriteIsLeftOut() {
        var reader = ClaudeReader()
        let message: JSON = ["content": [["type": "text", "text": "inner"]], "model": "x"]
        #expect(reader.read(["type": "assistant", "parent_tool_use_id": "toolu_1", "message": message]).isEmpty)
        #expect(
            reader.read(["type": "assistant", "parent_tool_use_id": nil, "message": message]) == [.text("inner")])
        let tool: JSON = ["content": [["type": "tool_use", "id": "t", "name": "Bash", "input": ["command": "ls"]]]]
        #expect(
            reader.read(["type": "assistant", "parent_tool_use_id": "toolu_1", "message": tool])
                == [.toolStarted(AgentTool(id: "t", name: "Bash", input: ["command": "ls"]))])
    }

    @Test(arguments: [
        "null", "1", "[]", "{}", #"{"type":7}"#, #"{"type":"item.completed"}"#, #"{"type":"item.completed","item":[]}"#,
        #"{"type":"user","message":{"content":"text"}}"#, #"{"type":"assistant","message":{"content":[1,{}]}}"#,
        #"{"type":"stream_event"}"#, #"{"type":"thread.started","thread_id":null}"#,
        #"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"never"}]}}"#,
    ])
    func whatNoAgentSaysMeansNothing(_ line: String) throws {
        let json = try JSON.parse(line)
        var claude = ClaudeReader()
        #expect(CodexReader().read(json).isEmpty)
        #expect(claude.read(json).isEmpty)
    }

    /// A process in the box can print anything in place of the agent.
    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "1e300", "\"x\"", "null"])
    func noNumberOfABoxEndsTheServer(_ number: String) throws {
        var reader = ClaudeReader()
        let line =
            #"{"type":"system","subtype":"api_retry","error":"rate_limit","error_status":\#(number),"attempt":1,"retry_delay_ms":\#(number)}"#
        let outputs = reader.read(try JSON.parse(line))
        #expect(outputs.count == 1)
        for case .usageLimit(_, let seconds?) in outputs { #expect((0...86_400).contains(seconds)) }
    }
}

/// The agents' arguments and environment.
struct AgentLaunchTests {
    private let options = AgentOptions(model: "m-1", reasoningEffort: "high", baseURL: "http://h/v1", session: nil)

    @Test func codexIsToldEverythingInArguments() {
        let arguments = CodexLaunch().arguments(options)
        #expect(arguments.prefix(2) == ["exec", "--json"])
        #expect(arguments.suffix(3) == ["-m", "m-1", "-"])
        #expect(arguments.contains("model_reasoning_effort=\"high\""))
        #expect(
            arguments.contains(
                "model_providers.box={name=\"box\",base_url=\"http://h/v1\",env_key=\"BOX_PROVIDER_KEY\",wire_api=\"responses\"}"
            ))
        var again = options
        (again.session, again.baseURL, again.reasoningEffort) = ("s-1", nil, nil)
        let resumed = CodexLaunch().arguments(again)
        #expect(resumed.prefix(2) == ["exec", "resume"])
        #expect(resumed.suffix(2) == ["s-1", "-"])
        #expect(resumed.contains { $0.contains("https://api.openai.com/v1") })
        #expect(!resumed.contains { $0.contains("model_reasoning_effort") })
    }

    @Test func claudeIsToldTheAddressInItsEnvironment() {
        #expect(ClaudeLaunch().arguments(options).suffix(4) == ["--model", "m-1", "--effort", "high"])
        #expect(ClaudeLaunch().environment(options).contains { $0 == ("BOX_BASE_URL", "http://h/v1") })
        var again = options
        again.session = "s-1"
        #expect(ClaudeLaunch().arguments(again).suffix(2) == ["--resume", "s-1"])
    }
}
