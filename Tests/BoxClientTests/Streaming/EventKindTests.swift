import BoxClient
import Testing

@Suite struct EventKindTests {
    private func event(_ type: String, _ data: JSON) throws -> BoxEvent {
        try #require(BoxEvent(json: ["id": "e", "type": .string(type), "timestamp": 1, "data": data]))
    }

    @Test func prompts() throws {
        let event = try event("prompt", ["prompt": "do it", "status": "paused", "is_reverted": true])
        guard case .prompt(let prompt) = event.kind else { Issue.record("\(event.kind)"); return }
        #expect(prompt.prompt == "do it" && prompt.status == PromptStatus(rawValue: "paused") && prompt.isReverted)
    }

    @Test func responsesWithTools() throws {
        let tools: JSON = [
            [
                "use": ["id": "t1", "type": "tool_use", "name": "Bash", "input": ["command": "ls"]],
                "result": ["type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": "no"],
            ],
            [
                "use": ["name": "Read"],
                "result": ["content": [["type": "text", "text": "a"], "b", ["type": "image"]]],
            ],
            ["use": ["name": "Wait"], "result": nil],
        ]
        let event = try event("response", ["content": "hi", "model": "opus", "tools": tools, "is_streaming": true])
        guard case .response(let response) = event.kind else { Issue.record("\(event.kind)"); return }
        #expect(response.content == "hi" && response.model == "opus" && response.isStreaming && event.isPartial)
        #expect(response.tools.map { $0.use?.name } == ["Bash", "Read", "Wait"])
        let first = response.tools[0]
        #expect(first.use?.id == "t1" && first.use?.input?["command"] == "ls")
        #expect(first.result?.toolUseID == "t1" && first.result?.isError == true && first.result?.text == "no")
        #expect(response.tools[1].result?.text == "a\nb" && response.tools[1].result?.isError == false)
        #expect(response.tools[2].result == nil)
    }

    @Test(arguments: [
        [
            "commit_sha": "abc", "commit_message": "m", "commit_url": "https://c", "branch": "main", "files_changed": 1,
            "additions": 2, "deletions": 3, "pushed": true,
        ] as JSON,
        [
            "commitSha": "abc", "commitMessage": "m", "commitUrl": "https://c", "branch": "main", "filesChanged": 1,
            "additions": 2, "deletions": 3, "pushed": true,
        ],
    ])
    func commitsInEitherSpelling(data: JSON) throws {
        let event = try event("git_checkpoint", data)
        guard case .gitCheckpoint(let commit) = event.kind else { Issue.record("\(event.kind)"); return }
        #expect(commit.commitSHA == "abc" && commit.commitMessage == "m" && commit.commitURL == "https://c")
        #expect(commit.branch == "main" && commit.filesChanged == 1 && commit.additions == 2 && commit.deletions == 3)
        #expect(commit.pushed == true && commit.json == data)
    }

    @Test func noticesAndWhatIsNotKnown() throws {
        for type in ["task_notification", "compaction_complete"] {
            guard case .completion(let notice) = try event(type, ["message": "m"]).kind else {
                Issue.record("\(type)"); return
            }
            #expect(notice.message == "m")
        }
        for type in ["usage_limit", "shield"] {
            guard case .error(let notice) = try event(type, ["content": "c", "more": 1]).kind else {
                Issue.record("\(type)"); return
            }
            #expect(notice.message == "c" && notice.json["more"] == 1)
        }
        #expect(try event("new", 1).kind == .unknown)
        #expect(try event("response", nil).kind == .response(ResponseEvent(json: nil)))
    }
}
