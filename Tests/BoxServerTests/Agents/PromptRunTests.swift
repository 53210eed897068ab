import BoxEngine
import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// Runs of prompts, with agents whose output the test sets.
struct PromptRunTests {
    /// Lines of `codex exec --json`.
    private static func lines(_ texts: String...) -> [JobRecord] { texts.map { .output(Array($0.utf8)) } }
    private static let started = lines(#"{"type":"thread.started","thread_id":"01a1ff3c-e2c3-78a0-8be9-53f08be2d09c"}"#)
    private static let session = "01a1ff3c-e2c3-78a0-8be9-53f08be2d09c"
    private static func said(_ text: String) -> [JobRecord] {
        lines(#"{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"\#(text)"}}"#)
    }
    private static let done = lines(#"{"type":"turn.completed","usage":{"output_tokens":3}}"#)

    /// An agent that answers with the prompt's text, and runs as long as the test's gate is closed.
    private static func echo(
        _ engine: TestEngine, until isOpen: @escaping @Sendable (MachineJob) async -> Bool = { _ in true }
    )
        -> InMemoryEngine.JobBehaviour
    {
        { job, tell in
            try await tell(started)
            while await !isOpen(job) {
                if await engine.books.isJobStopped(job.id) {
                    return JobOutcome(exitCode: nil, signal: "SIGTERM", reason: .stopped)
                }
                try await Task.sleep(for: .milliseconds(2))
            }
            try await tell(said("echo: \(String(decoding: job.input, as: UTF8.self))"))
            try await tell(done)
            return JobOutcome(exitCode: 0)
        }
    }

    private actor Gate {
        private(set) var isOpen = false
        func open() { isOpen = true }
    }

    private func setUp(_ api: API) async throws -> String {
        #expect(try await api.send(.put, "/providers/codex", #"{"apiKey":"sk-123456"}"#).status == 200)
        return try await api.ready()
    }

    private func prompt(_ api: API, _ box: String, _ text: String) async throws -> String {
        let answer = try await api.post("/boxes/\(box)/prompt", #"{"prompt":"\#(text)"}"#)
        #expect(answer.status == 202, "\(answer.text)")
        return try #require(answer.json["promptId"]?.string)
    }

    private func run(_ api: API, _ box: String, _ prompt: String) async throws -> JSON {
        try #require(try await api.get("/boxes/\(box)/prompts/\(prompt)").json["promptRun"])
    }

    private func waitFor(_ api: API, _ box: String, _ prompt: String, _ status: String) async throws {
        let came = try await eventually { try await run(api, box, prompt)["status"]?.string == status }
        let last = try await run(api, box, prompt)
        #expect(came, "\(last)")
    }

    private func events(_ api: API, _ box: String) async throws -> [JSON] {
        try await api.get("/boxes/\(box)/events?sort=asc&limit=200").json["events"]?.array ?? []
    }

    @Test func aPromptRunsAndItsAnswerIsStored() async throws {
        try await withServer { api async throws in
            await api.engine.books.answerJobs(with: Self.echo(api.engine))
            let box = try await setUp(api)
            let answer = try await api.post(
                "/boxes/\(box)/prompt", #"{"provider":"codex","prompt":"hi","model":"gpt-x"}"#)
            #expect(answer.status == 202)
            #expect(answer.json["type"] == "prompt.queued")
            #expect(answer.json["status"] == "queued")
            #expect(answer.json["provider"] == "codex")
            #expect(answer.json["model"] == "gpt-x", "unknown models are passed on")
            #expect(answer.json["reasoningEffort"] == .null)
            let id = try #require(answer.json["promptId"]?.string)
            try await waitFor(api, box, id, "finished")
            let events = try await events(api, box)
            #expect(events.map { $0["type"]?.string } == ["prompt", "response"])
            #expect(events.allSatisfy { $0["taskId"] == .string(id) })
            #expect(events[1]["data"] == ["content": "echo: hi", "model": "gpt-x", "is_reverted": false])
            #expect(try await run(api, box, id)["usage"] == ["output_tokens": 3])
            #expect(try await api.state(box) == "idle")
            #expect(await api.engine.books.startedJobs == [], "nothing is kept in the box")
        }
    }

    @Test func promptsOfABoxRunInTheirOrderAndThoseOfOthersBesideThem() async throws {
        try await withServer { api async throws in
            let gate = Gate()
            await api.engine.books.answerJobs(
                with: Self.echo(api.engine) { await gate.isOpen || $0.input == Array("free".utf8) })
            let (box, other) = (try await setUp(api), try await api.ready())
            let first = try await prompt(api, box, "one")
            let rest = [try await prompt(api, box, "two"), try await prompt(api, box, "three")]
            try await waitFor(api, box, first, "running")
            #expect(try await api.state(box) == "running")
            try await waitFor(api, other, prompt(api, other, "free"), "finished")
            for id in rest { #expect(try await run(api, box, id)["status"] == "queued") }
            await gate.open()
            try await waitFor(api, box, rest[1], "finished")
            let contents = try await events(api, box).compactMap { $0["data"]?["content"]?.string }
            #expect(contents == ["echo: one", "echo: two", "echo: three"])
            #expect(try await eventually { try await api.state(box) == "idle" })
        }
    }

    @Test func anInterruptEndsTheRunAndTheNextOneStarts() async throws {
        try await withServer { api async throws in
            await api.engine.books.answerJobs(with: Self.echo(api.engine) { $0.input == Array("next".utf8) })
            let box = try await setUp(api)
            let (id, next) = (try await prompt(api, box, "long"), try await prompt(api, box, "next"))
            try await waitFor(api, box, id, "running")
            let answer = try await api.post("/boxes/\(box)/interrupt")
            #expect(answer.json["status"] == "interrupted")
            let ended = try await run(api, box, id)
            #expect(ended["status"] == "failed", "it has ended when the answer comes")
            #expect(ended["error"] == "interrupted")
            try await waitFor(api, box, next, "finished")
        }
    }

    @Test func aLaterPromptGoesOnWithTheSession() async throws {
        try await withServer { api async throws in
            let seen = Seen()
            let echo = Self.echo(api.engine)
            await api.engine.books.answerJobs { job, tell in
                await seen.add(job.arguments)
                return try await echo(job, tell)
            }
            let box = try await setUp(api)
            for text in ["a", "b"] { try await waitFor(api, box, prompt(api, box, text), "finished") }
            let fork = try #require(try await api.post("/boxes/\(box)/fork").json["id"]?.string)
            await api.settle()
            try await waitFor(api, fork, prompt(api, fork, "c"), "finished")
            let arguments = await seen.all
            #expect(!arguments[0].contains(Self.session))
            #expect(arguments[1].contains(Self.session))
            #expect(arguments[2].contains(Self.session), "a fork has the disk, and so the sessions")
        }
    }

    @Test func aSessionThatIsGoneIsBegunAnew() async throws {
        try await withServer { api async throws in
            let seen = Seen()
            let echo = Self.echo(api.engine)
            await api.engine.books.answerJobs { job, tell in
                await seen.add([job.id])
                guard job.arguments.contains(Self.session) else { return try await echo(job, tell) }
                return JobOutcome(exitCode: 1, standardError: "Error: no rollout found for thread id x\n")
            }
            let box = try await setUp(api)
            try await waitFor(api, box, prompt(api, box, "a"), "finished")
            let id = try await prompt(api, box, "b")
            try await waitFor(api, box, id, "finished")
            #expect(await seen.all.map { $0[0] }.suffix(2) == [id, "\(id)-new"])
            #expect(try await events(api, box).last?["data"]?["content"] == "echo: b")
        }
    }

    private actor Seen {
        private(set) var all: [[String]] = []
        func add(_ words: [String]) { all.append(words) }
    }

    static let endings: [(JobOutcome, String)] = [
        (JobOutcome(exitCode: 3, standardError: "what\nwent wrong\n"), "the agent ended with exit code 3: went wrong"),
        (JobOutcome(exitCode: nil, signal: "SIGSEGV"), "the agent was ended by SIGSEGV"),
        (
            JobOutcome(exitCode: nil, signal: "SIGKILL", outOfMemory: true),
            "the box ran out of memory and the agent was ended"
        ),
        (
            JobOutcome(exitCode: nil, signal: "SIGTERM", reason: .silent),
            "the agent said nothing for too long and was ended"
        ),
        (JobOutcome(exitCode: 0, reason: .tooMuchOutput), "the agent said more than can be kept and was ended"),
        (JobOutcome(exitCode: 0), "the agent ended with exit code 0"),
    ]

    @Test(arguments: endings)
    func aRunWithoutAnEndFailsWithAReason(_ outcome: JobOutcome, _ reason: String) async throws {
        try await withServer { api async throws in
            await api.engine.books.answerJobs { _, tell in
                try await tell(Self.started)
                return outcome
            }
            let box = try await setUp(api)
            let id = try await prompt(api, box, "x")
            try await waitFor(api, box, id, "failed")
            #expect(try await run(api, box, id)["error"] == .string(reason))
            #expect(try await api.state(box) == "idle")
        }
    }

    @Test func aStopEndsTheRunAndWhatIsQueued() async throws {
        try await withServer { api async throws in
            await api.engine.books.answerJobs { _, tell in
                try await tell(Self.started)
                while case .running = await api.engine.status(Self.onlyBox(api)) {
                    try await Task.sleep(for: .milliseconds(2))
                }
                throw EngineError(.machineNotRunning, "the box is not running")
            }
            let box = try await setUp(api)
            let ids = [try await prompt(api, box, "a"), try await prompt(api, box, "b")]
            try await waitFor(api, box, ids[0], "running")
            #expect(try await api.post("/boxes/\(box)/stop").status == 202)
            await api.settle()
            for id in ids {
                try await waitFor(api, box, id, "failed")
                #expect(try await run(api, box, id)["error"] == "the box was stopped")
            }
            #expect(try await api.state(box) == "archived")
        }
    }

    private static func onlyBox(_ api: API) async -> String {
        await api.engine.machines().first ?? ""
    }

    @Test func aRunOutlivesBoxd() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let (engine, gate) = (TestEngine(), Gate())
        await engine.books.answerJobs { job, tell in
            try await tell(Self.started + Self.said("first"))
            while await !gate.isOpen { try await Task.sleep(for: .milliseconds(2)) }
            try await tell(Self.said("second") + Self.done)
            return JobOutcome(exitCode: 0)
        }
        let (box, id) = try await withServer(in: scratch, engine: engine) { api async throws in
            let box = try await setUp(api)
            let id = try await prompt(api, box, "x")
            #expect(try await eventually { try await events(api, box).count == 2 })
            await api.server.agents.settleForShutdown()
            #expect(try await run(api, box, id)["status"] == "running")
            return (box, id)
        }
        await gate.open()
        try await withServer(in: scratch, engine: engine) { api async throws in
            try await api.server.boxes.reconcile()
            try await api.server.agents.reconcile()
            try await waitFor(api, box, id, "finished")
            let contents = try await events(api, box).compactMap { $0["data"]?["content"]?.string }
            #expect(contents == ["first", "second"], "each once, though the agent's output was read again")
        }
    }

    @Test func aRunThatTheBoxNoLongerHasHasFailed() async throws {
        try await withServer { api async throws in
            let box = try await setUp(api)
            _ = try await api.server.events.store.append(
                box: box, id: "p", type: "prompt", task: "p",
                data: ["prompt": "x", "status": "running", "provider": "codex"])
            try await api.rewrite(box) { $0.state = "running" }
            try await api.server.agents.reconcile()
            try await waitFor(api, box, "p", "failed")
            #expect(
                try await run(api, box, "p")["error"] == "the agent is gone: the box was started anew while it worked")
            #expect(try await api.state(box) == "idle")
        }
    }

    /// The ETag is derived from the revision, which must never decrease and never mean two states.
    @Test func noRevisionIsUsedTwice() async throws {
        try await withServer { api async throws in
            let box = try await setUp(api)
            let store = api.server.agents.services.prompts
            _ = try await store.insert(
                NewEvent(id: "p", type: "prompt", data: ["prompt": "x", "status": "finished"]), box: box)
            var recorder = RunRecorder(prompt: "p", provider: "codex", model: "m", secret: nil)
            var seen: [Int64] = []
            for text in ["first", "", "second", ""] {
                try await store.record(recorder.consume([.partial(text)]), of: "p", in: box)
                seen.append(try #require(try await api.server.events.store.revision(of: box)))
            }
            try await store.dropPartials(of: "p", in: box)
            seen.append(try #require(try await api.server.events.store.revision(of: box)))
            // Recorded once, then read again from the beginning by the next boxd, for which the answer isn't new.
            for _ in 0..<2 {
                var recorder = RunRecorder(prompt: "p", provider: "codex", model: "m", secret: nil)
                for output in [AgentOutput.partial("answ"), .text("answer")] {
                    try await store.record(recorder.consume([output]), of: "p", in: box)
                    seen.append(try #require(try await api.server.events.store.revision(of: box)))
                }
            }
            #expect(seen == Array(Set(seen)).sorted(), "\(seen)")
            #expect(try await events(api, box).count == 2)
        }
    }

    @Test func anInterruptThatTheBoxIgnoresEndsTheRun() async throws {
        try await withServer { api async throws in
            await api.engine.books.answerJobs { _, tell in
                try await tell(Self.started)
                while true { try await Task.sleep(for: .milliseconds(5)) }
            }
            let box = try await setUp(api)
            let id = try await prompt(api, box, "x")
            try await waitFor(api, box, id, "running")
            #expect(try await api.post("/boxes/\(box)/interrupt").status == 200)
            try await waitFor(api, box, id, "failed")
            #expect(try await run(api, box, id)["error"] == "interrupted")
        }
    }

    @Test func aRunThatBeganAnewIsGoneOnWith() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let (engine, gate) = (TestEngine(), Gate())
        let echo = Self.echo(engine) { job in await gate.isOpen || !job.id.hasSuffix("-new") }
        await engine.books.answerJobs { job, tell in
            guard job.arguments.contains(Self.session) else { return try await echo(job, tell) }
            return JobOutcome(exitCode: 1, standardError: "Error: no rollout found for thread id x\n")
        }
        let (box, id) = try await withServer(in: scratch, engine: engine) { api async throws in
            let box = try await setUp(api)
            try await waitFor(api, box, prompt(api, box, "a"), "finished")
            let id = try await prompt(api, box, "b")
            #expect(try await eventually { await engine.books.startedJobs.contains("\(id)-new") })
            await api.server.agents.settleForShutdown()
            return (box, id)
        }
        await gate.open()
        try await withServer(in: scratch, engine: engine) { api async throws in
            try await api.server.boxes.reconcile()
            try await api.server.agents.reconcile()
            try await waitFor(api, box, id, "finished")
            #expect(await engine.books.startedJobs == [])
        }
    }

    @Test func theQueueHasAnEnd() async throws {
        try await withServer { api async throws in
            let gate = Gate()
            await api.engine.books.answerJobs(with: Self.echo(api.engine) { _ in await gate.isOpen })
            let box = try await setUp(api)
            for _ in 0..<PromptStore.maximumQueue { _ = try await prompt(api, box, "x") }
            let refused = try await api.post("/boxes/\(box)/prompt", #"{"prompt":"one more"}"#)
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            #expect(refused.headers[.retryAfter] != nil)
            #expect(try await api.post("/boxes/\(box)/stop").status == 202)
            await gate.open()
        }
    }

    @Test func theDefaultProviderIsTakenWhereNoneIsNamed() async throws {
        try await withServer { api async throws in
            let box = try await api.ready()
            #expect(try await api.post("/boxes/\(box)/prompt", #"{"prompt":"x"}"#).code == "provider_required")
            _ = try await api.send(
                .put, "/providers/claude", #"{"apiKey":"key-12345","model":"opus","reasoningEffort":"low"}"#)
            let seen = Seen()
            await api.engine.books.answerJobs { job, _ in
                await seen.add(job.arguments)
                return JobOutcome(exitCode: 1)
            }
            let answer = try await api.post("/boxes/\(box)/prompt", #"{"prompt":"x","provider":null}"#)
            #expect(answer.json["provider"] == "claude-code")
            #expect(answer.json["model"] == .null, "as it was asked for")
            try await waitFor(api, box, try #require(answer.json["promptId"]?.string), "failed")
            #expect(await seen.all.first?.suffix(4) == ["--model", "opus", "--effort", "low"])
            #expect(
                try await api.post("/boxes/\(box)/prompt", #"{"prompt":"x","provider":"codex"}"#).code
                    == "provider_not_configured")
        }
    }

    @Test func theKeyIsForTheAgentOnly() async throws {
        try await withServer { api async throws in
            let box = try await setUp(api)
            await api.engine.books.answerJobs { job, tell in
                #expect(job.environment.contains { $0 == ("BOX_PROVIDER_KEY", "sk-123456") })
                #expect(job.secrets == ["BOX_PROVIDER_KEY"])
                #expect(!job.arguments.joined().contains("sk-123456") && !job.script.contains("sk-123456"))
                return JobOutcome(exitCode: 1)
            }
            let id = try await prompt(api, box, "x")
            try await waitFor(api, box, id, "failed")
            let stored = try await events(api, box).map(\.compact).joined()
            #expect(!stored.contains("sk-123456"))
            let environment = await api.engine.books.environment(of: box)
            #expect(!environment.contains { $0.value == "sk-123456" })
        }
    }
}
