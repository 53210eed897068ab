import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct RunRecorderTests {
    private func recorder(secret: String? = nil) -> RunRecorder {
        RunRecorder(prompt: "p-1", provider: "claude-code", model: "sonnet", secret: secret)
    }

    /// However the output is divided, the events and their ids are the same.
    @Test(arguments: ["run.claude", "run.codex", "stream.claude", "write.claude"])
    func readingAgainGivesTheSameEvents(_ recording: String) throws {
        let outputs = try AgentReaderTests.outputs(recording)
        var whole = recorder()
        let expected = whole.consume(outputs).events
        try #require(!expected.isEmpty)
        for size in 1...4 {
            var pieces = recorder()
            var events: [NewEvent] = []
            var (alive, rest): (Set<String>, _) = ([], outputs[...])
            while !rest.isEmpty {
                let changes = pieces.consume(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                events += changes.events
                alive.subtract(changes.outdated)
                if let partial = changes.partial { alive.insert(partial.id) }
                #expect(alive.count <= 1, "one partial at a time")
            }
            #expect(events == expected)
            #expect(alive.isEmpty, "nothing is half done at the end")
        }
        #expect(Set(expected.map(\.id)).count == expected.count)
    }

    @Test func aRunningToolIsAPartialAndThenOneEvent() throws {
        var recorder = recorder()
        let tool = AgentTool(id: "t-1", name: "Bash", input: ["command": "ls"])
        let started = recorder.consume([.toolStarted(tool)])
        #expect(started.events.isEmpty)
        #expect(started.partial?.data["is_streaming"] == true)
        #expect(started.partial?.data["tools"] == [["use": tool.json]])
        let ended = recorder.consume([.toolEnded(tool, result: "out", isError: true)])
        #expect(ended.partial == nil)
        #expect(ended.outdated == [try #require(started.partial).id])
        #expect(
            ended.events.map(\.data) == [
                [
                    "content": "", "model": "sonnet", "is_reverted": false,
                    "tools": [
                        [
                            "use": ["id": "t-1", "type": "tool_use", "name": "Bash", "input": ["command": "ls"]],
                            "result": [
                                "type": "tool_result", "tool_use_id": "t-1", "is_error": true, "content": "out",
                            ],
                        ]
                    ],
                ]
            ])
    }

    @Test func aSecretInPiecesIsNotShown() {
        var recorder = recorder(secret: "sk-secret")
        let changes = recorder.consume([.partial("the key is sk-se"), .partial("the key is sk-secret.")])
        #expect(changes.partial?.data["content"] == "the key is [redacted].")
    }

    @Test(arguments: [("so: sk-secre", "so: "), ("so: sk-", "so: sk-"), ("so: sk-sx", "so: sk-sx")])
    func theBeginningOfASecretWaits(_ text: String, _ shown: String) {
        var recorder = recorder(secret: "sk-secret")
        #expect(recorder.consume([.partial(text)]).partial?.data["content"] == .string(shown))
    }

    @Test func whatIsDeepIsShownAsText() throws {
        var recorder = recorder()
        var deep: JSON = 1
        for _ in 0..<500 { deep = [deep] }
        let changes = recorder.consume([
            .toolEnded(AgentTool(id: "t", name: "x", input: deep), result: deep, isError: false), .usage(["a": deep]),
        ])
        let tool = try #require(changes.events.first?.data["tools"]?.array?.first)
        #expect(tool["use"]?["input"] == .string(deep.compact))
        #expect(tool["result"]?["content"] == .string(deep.compact))
        #expect(recorder.usage == nil)
    }

    @Test func whatIsTooLongIsCut() throws {
        var recorder = recorder()
        let long = String(repeating: "ä", count: RunRecorder.longestValue)
        let tool = AgentTool(id: long, name: long, input: ["text": .string(long)])
        let changes = recorder.consume([
            .toolEnded(tool, result: .string(long), isError: false), .text(long), .failure(long),
        ])
        let shown = try #require(changes.events.first?.data["tools"]?.array?.first)
        #expect(shown["use"]?["input"] == .string("[\(long.utf8.count + 11) bytes]"))
        #expect(shown["result"]?["content"]?.string?.hasSuffix("… [\(long.utf8.count) bytes in all]") == true)
        for event in changes.events { #expect(event.data.compact.utf8.count < 2 * RunRecorder.longestValue) }
        #expect(try #require(recorder.failure).utf8.count <= RunRecorder.longestReason)
        let partial = recorder.consume(Array(repeating: .toolStarted(tool), count: 100) + [.partial(long)]).partial
        #expect(try #require(partial).data.compact.utf8.count < 3 * RunRecorder.longestPartial)
    }

    @Test func aRunThatSaysTooMuchIsUnrecoverable() {
        var recorder = recorder()
        let text = String(repeating: "x", count: RunRecorder.longestValue - 1000)
        var stored = 0
        for _ in 0..<1000 { stored += recorder.consume([.text(text)]).events.count }
        #expect(recorder.isUnrecoverable)
        #expect(recorder.failure == "the agent said more than can be kept and was ended")
        #expect(stored * text.utf8.count <= RunRecorder.longestRun)
    }

    @Test(arguments: ["--help", "", "session-1", "01a1ff3c-e2c3-78a0-8be9-53f08be2d09c; rm"])
    func aSessionThatIsNoUUIDIsNoneToGoOnWith(_ id: String) {
        var recorder = recorder()
        #expect(recorder.consume([.session(id)]).session == nil)
    }

    private static let commit: JSON = [
        "commitSha": "d7aabb139bc54675188e2098e7252e5a6489664f", "commitMessage": "m", "commitUrl": nil,
        "branch": "main",
        "filesChanged": 1, "additions": 2, "deletions": 0, "pushed": false,
    ]

    @Test func aCommitThatIsPushedLaterChangesItsEvent() throws {
        var recorder = recorder()
        let commit = try #require(JobCommit(Self.commit))
        let event = try #require(recorder.consume(commit: commit).events.first)
        #expect(event.type == "git_checkpoint")
        #expect(event.data == Self.commit)
        let changes = recorder.consume(pushed: commit.sha)
        #expect(changes.changed.map(\.id) == [event.id])
        #expect(changes.changed.first?.data["pushed"] == true)
        #expect(recorder.consume(pushed: commit.sha).isEmpty)
        #expect(recorder.consume(pushed: "unknown").isEmpty)
    }

    @Test(
        arguments: [
            ("commitSha", "abc"), ("commitSha", "--output=/tmp/x"), ("commitMessage", 5), ("branch", nil),
            ("filesChanged", "many"),
            ("additions", -1), ("deletions", [:]), ("pushed", "perhaps"),
            ("commitMessage", .string(String(repeating: "x", count: 50_000))),
        ] as [(String, JSON)])
    func whatIsNoCommitIsDropped(_ member: String, _ value: JSON) throws {
        var object = try #require(Self.commit.object)
        object[member] = value
        #expect(JobCommit(.object(object)) == nil)
        object = try #require(Self.commit.object)
        object["extra"] = "evil"
        object["commitUrl"] = ["x"]
        #expect(JobCommit(.object(object))?.json == Self.commit)
    }

    @Test func aFailureThatWasOvercomeIsNone() {
        var recorder = recorder()
        _ = recorder.consume([.failure("a moment of weakness"), .text("x"), .done])
        #expect(recorder.failure == nil)
        #expect(recorder.isDone)
    }
}
