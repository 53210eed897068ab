import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct PromptTests {
    private let body = #"{"provider":"codex","prompt":"run the tests"}"#

    @Test(arguments: [("codex", "codex"), ("claude-code", "claude-code"), ("claude", "claude-code")])
    func aProviderIsNotSetUp(name: String, canonical: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.post(
                "/boxes/\(id)/prompt", #"{"provider":"\#(name)","prompt":"x","model":null}"#)
            #expect(answer.status == 409)
            #expect(answer.code == "provider_not_configured")
            let details = try #require(answer.json["error"]?["details"])
            #expect(details["provider"] == .string(canonical))
            let url = try #require(details["setupUrl"]?.string)
            #expect(url.hasPrefix("http://"))
            let path = try #require(url.dropFirst(7).firstIndex(of: "/").map { String(url[$0...]) })
            let page = try await api.raw(.get, path)
            #expect(page.status == 200, "the address leads somewhere")
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            #expect(try await api.get("/boxes/\(id)/events").json["events"] == [], "nothing was queued")
        }
    }

    @Test(arguments: [
        (#"{"provider":"codex"}"#, "prompt_required"), ("", "prompt_required"),
        (#"{"provider":"codex","prompt":""}"#, "prompt_required"),
        (#"{"provider":"codex","prompt":" \n\t"}"#, "prompt_required"),
        (#"{"provider":"codex","prompt":null}"#, "prompt_required"),
        (#"{"provider":"codex","prompt":7}"#, "invalid_request"),
        (#"{"provider":"codex","prompt":["x"]}"#, "invalid_request"),
        (#"{"prompt":"x"}"#, "provider_required"), (#"{"prompt":"x","provider":null}"#, "provider_required"),
        (#"{"prompt":"x","provider":" "}"#, "provider_required"),
        (#"{"prompt":"x","provider":"gemini"}"#, "invalid_provider"),
        (#"{"prompt":"x","provider":"Codex"}"#, "invalid_provider"),
        (#"{"prompt":"x","provider":1}"#, "invalid_provider"),
        (#"{"prompt":"x","provider":"codex","model":"--flag"}"#, "invalid_model"),
        (#"{"prompt":"x","provider":"codex","model":5}"#, "invalid_model"),
        (#"{"prompt":"x","provider":"codex","reasoningEffort":"max"}"#, "invalid_reasoning_effort"),
        (#"{"prompt":"x","provider":"claude","model":"haiku","reasoningEffort":"low"}"#, "invalid_reasoning_effort"),
        (
            #"{"prompt":"x","provider":"codex","model":"gpt-5.3-codex","reasoningEffort":"none"}"#,
            "invalid_reasoning_effort"
        ),
        (#"{"prompt":"x","provider":"codex","reasoningEffort":true}"#, "invalid_reasoning_effort"),
        ("{", "invalid_json"),
    ])
    func badRequestsAreNamed(body: String, code: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/prompt", body)
            #expect(answer.status == 400)
            #expect(answer.code == code, "\(answer.text)")
        }
    }

    @Test func anUnknownProviderIsToldTheKnownOnes() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/prompt", #"{"prompt":"x","provider":"gemini"}"#)
            #expect(answer.message.contains("use codex, claude-code"))
            #expect(answer.json["error"]?["details"]?["providers"] == ["codex", "claude-code"])
            #expect(
                try await api.post(
                    "/boxes/\(id)/prompt",
                    #"{"prompt":"x","provider":"claude-code","model":"opus","reasoningEffort":"max"}"#
                ).code == "provider_not_configured")
        }
    }

    /// The state of the box, and the responses of prompt, interrupt and desktop in it.
    static let states = [
        ("provisioning", 409, "box_starting"), ("init", 409, "box_starting"), ("cloning", 409, "box_starting"),
        ("archiving", 400, "machine_not_running"), ("archived", 400, "machine_not_running"),
        ("error", 400, "machine_not_running"),
    ]

    @Test(arguments: states)
    func theMachineHasToRun(state: String, status: Int, code: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.state = state }
            for (path, body) in [("prompt", self.body), ("interrupt", ""), ("desktop?vnc=1", "")] {
                let answer = try await api.post("/boxes/\(id)/\(path)", body)
                #expect(answer.status == status, "\(path)")
                #expect(answer.code == code, "\(path)")
                #expect(answer.json["error"]?["details"]?["state"] == .string(state))
            }
        }
    }

    @Test(arguments: ["ready", "idle", "running", "provisioned"])
    func anInterruptIsHarmless(state: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            try await api.rewrite(id) { $0.state = state }
            for _ in 0..<2 {
                let answer = try await api.post("/boxes/\(id)/interrupt")
                #expect(answer.status == 200)
                #expect(answer.json["type"] == "box.interrupted")
                #expect(answer.json["id"] == .string(id))
                #expect(answer.json["status"] == "interrupted")
                #expect(answer.box["id"] == .string(id))
            }
            #expect(try await api.state(id) == state)
        }
    }

    @Test(arguments: [("queued", false), ("running", false), ("sending", false), ("finished", true), ("failed", true)])
    func theRunOfAStoredPromptIsShown(status: String, done: Bool) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let row = try await api.server.events.store.append(
                box: id, id: "p-1", type: "prompt", task: "p-1",
                data: ["prompt": "x", "status": .string(status), "model": "gpt-5.4", "reasoning_effort": "low"])
            let answer = try await api.get("/boxes/\(id)/prompts/p-1")
            #expect(answer.status == 200)
            #expect(answer.json["type"] == "prompt.run")
            #expect(answer.json["id"] == .string(id))
            #expect(
                answer.json["promptRun"] == [
                    "id": "p-1", "promptId": "p-1", "boxId": .string(id), "status": .string(status),
                    "done": .bool(done),
                    "createdAt": JSON(Timestamp(milliseconds: row.timestamp)), "model": "gpt-5.4",
                    "reasoningEffort": "low",
                ])
        }
    }

    @Test func otherPromptsAreNotFound() async throws {
        try await withServer { api async throws in
            let (id, other) = (try await api.ready(), try await api.ready())
            _ = try await api.server.events.store.append(box: id, id: "p", type: "prompt", task: "p", data: [:])
            _ = try await api.server.events.store.append(box: id, id: "r", type: "response", task: "p", data: [:])
            let bare = try await api.get("/boxes/\(id)/prompts/p").json["promptRun"]
            #expect(bare?["status"] == "queued")
            #expect(bare?["model"] == .null)
            for path in ["\(id)/prompts/r", "\(id)/prompts/none", "\(other)/prompts/p", "bx_22222222/prompts/p"] {
                let answer = try await api.get("/boxes/\(path)")
                #expect(answer.status == 404, "\(path)")
                #expect(answer.code == "not_found")
            }
        }
    }

    @Test(arguments: [
        ("", "", "desktop_not_ready"), ("?vnc=1&theme=dark", #"{"publicAccess":true}"#, "desktop_not_ready"),
        ("?theme=light", #"{"publicAccess":false}"#, "desktop_not_ready"),
        ("?vnc=2", "", "invalid_request"), ("?theme=red", "", "invalid_request"),
        ("?vnc=1", #"{"publicAccess":"yes"}"#, "invalid_request"), ("", #"{"publicAccess":true}"#, "desktop_not_ready"),
        ("?vnc=1", "[]", "invalid_json"),
    ])
    func aDesktopIsCheckedAndNotThere(query: String, body: String, code: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/desktop\(query)", body)
            #expect(answer.status == 400)
            #expect(answer.code == code, "\(answer.text)")
            #expect(!answer.message.isEmpty)
            #expect(try await api.box(id)["desktopAvailable"] == false)
        }
    }
}
