import BoxModel
import Testing

@testable import BoxServer

struct RunRecorderTests {
    private func recorder(secret: String? = nil) -> RunRecorder {
        RunRecorder(prompt: "p-1", provider: "claude-code", model: "sonnet", secret: secret)
    }

    /// However the output is cut into pieces, the events are the same ones with the same ids.
    @Test(arguments: ["run.claude", "run.codex", "stream.claude", "write.claude"])
    func readingAgainGivesTheSameEvents(_ recording: String) throws {
        let outputs = try AgentReaderTests.outputs(recording)
        var whole = recorder()
        let expected = whole.take(outputs).events
        try #require(!expected.isEmpty)
        for size in 1...4 {
            var pieces = recorder()
            var events: [NewEvent] = []
            var (alive, rest): (Set<String>, _) = ([], outputs[...])
            while !rest.isEmpty {
                let news = pieces.take(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                events += news.events
                alive.subtract(news.outdated)
                if let partial = news.partial { alive.insert(partial.id) }
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
        let started = recorder.take([.toolStarted(tool)])
        #expect(started.events.isEmpty)
        #expect(started.partial?.data["is_streaming"] == true)
        #expect(started.partial?.data["tools"] == [["use": tool.json]])
        let ended = recorder.take([.toolEnded(tool, result: "out", isError: true)])
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
        let news = recorder.take([.partial("the key is sk-se"), .partial("the key is sk-secret.")])
        #expect(news.partial?.data["content"] == "the key is [redacted].")
    }

    @Test func whatIsTooLongIsCut() throws {
        var recorder = recorder()
        let long = String(repeating: "ä", count: RunRecorder.longestValue)
        let tool = AgentTool(id: "t", name: "Read", input: ["text": .string(long)])
        let news = recorder.take([.toolEnded(tool, result: .string(long), isError: false)])
        let shown = try #require(news.events.first?.data["tools"]?.array?.first)
        #expect(shown["use"]?["input"] == .string("[\(long.utf8.count + 11) bytes]"))
        #expect(shown["result"]?["content"]?.string?.hasSuffix("… [\(long.utf8.count) bytes in all]") == true)
        let event = try #require(news.events.first)
        #expect(event.data.compact.utf8.count < RunRecorder.longestValue)
    }

    @Test func aCommitThatIsPushedLaterChangesItsEvent() throws {
        var recorder = recorder()
        let commit: JSON = ["commitSha": "abc", "commitMessage": "m", "branch": "main", "pushed": false]
        let event = try #require(recorder.take(commit: commit).events.first)
        #expect(event.type == "git_checkpoint")
        let news = recorder.take(pushed: "abc")
        #expect(news.changed.map(\.id) == [event.id])
        #expect(news.changed.first?.data["pushed"] == true)
        #expect(recorder.take(pushed: "abc").isEmpty)
        #expect(recorder.take(pushed: "unknown").isEmpty)
        #expect(recorder.take(commit: "no object").isEmpty)
    }

    @Test func aFailureThatWasOvercomeIsNone() {
        var recorder = recorder()
        _ = recorder.take([.failure("a moment of weakness"), .text("x"), .done])
        #expect(recorder.failure == nil)
        #expect(recorder.isDone)
    }
}
