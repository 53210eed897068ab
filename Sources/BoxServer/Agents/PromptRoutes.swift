import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

/// `POST /boxes/{id}/prompt` and `/interrupt`, and `GET /boxes/{id}/prompts/{promptId}`.
struct PromptRoutes {
    let boxes: BoxService
    let agents: AgentService
    let events: EventStore

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/prompt", [.post: prompt])
        router.route("/boxes/:id/prompts/:prompt", [.get: run])
        router.route("/boxes/:id/interrupt", [.post: interrupt])
    }

    @Sendable private func prompt(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let account = try context.requireAccount()
        let row = try await boxes.get(context.boxID(), account)
        let options = try PromptRequest(
            await context.body(of: request).body,
            fallback: try await agents.services.providers.defaultProvider(of: account.id))
        try row.requireRunning()
        let setUpURL = context.origin(of: request) + AgentRoutes.path
        guard let event = try await agents.queue(options, in: row, setUpURL: setUpURL) else {
            // The box was stopped or deleted meanwhile.
            try await boxes.get(row.id, account).requireRunning()
            throw APIError(.boxNotPromptable, "box \(row.id) can't take a prompt now: try again")
        }
        return .success(
            "prompt.queued",
            [
                "id": .string(row.id), "promptId": .string(event.id), "status": "queued",
                "provider": .string(options.provider.name), "model": JSON(options.model),
                "reasoningEffort": JSON(options.reasoningEffort), "promptRun": event.promptRun,
            ], status: .accepted)
    }

    @Sendable private func run(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let box = try await boxes.get(context.boxID(), context.requireAccount()).id
        let id = context.parameters.get("prompt") ?? ""
        guard let event = try await events.find(id, box: box, type: "prompt") else {
            throw APIError(
                .notFound, "prompt \(id.prefix(64)) not found in box \(box)",
                details: ["boxId": .string(box), "promptId": .string(String(id.prefix(64)))])
        }
        return .success("prompt.run", ["id": .string(box), "promptRun": event.promptRun])
    }

    /// Interrupts the running agent. Does nothing when none runs.
    @Sendable private func interrupt(_ request: Request, _ context: BoxdContext) async throws -> Response {
        _ = try await context.body(of: request)
        let account = try context.requireAccount()
        let row = try await boxes.get(context.boxID(), account)
        try row.requireRunning()
        await agents.interrupt(row.id)
        let now = try await boxes.get(row.id, account)
        return .success("box.interrupted", ["id": .string(row.id), "status": "interrupted", "box": now.json])
    }
}

extension EventRow {
    /// The run of a `prompt` event's prompt, as the API shows it.
    fileprivate var promptRun: JSON {
        let data = (try? JSON.parse(data)) ?? .null
        let status = data["status"]?.string ?? "queued"
        var run: JSONObject = [
            "id": .string(id), "promptId": .string(id), "boxId": .string(boxID), "status": .string(status),
            "done": .bool(["finished", "failed"].contains(status)),
            "createdAt": JSON(Timestamp(milliseconds: timestamp)), "model": data["model"] ?? .null,
            "reasoningEffort": data["reasoning_effort"] ?? .null,
        ]
        for name in ["error", "usage"] { if let value = data[name] { run[name] = value } }
        return .object(run)
    }
}
