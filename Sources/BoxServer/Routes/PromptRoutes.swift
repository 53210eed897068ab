import BoxModel
import HTTPTypes
import Hummingbird

/// `POST /boxes/{id}/prompt` and `/interrupt`, and `GET /boxes/{id}/prompts/{promptId}`.
///
/// No agent can be set up on this server yet, so a prompt is checked and then refused as one whose provider isn't configured.
struct PromptRoutes {
    let boxes: BoxService
    let events: EventStore

    func add(to router: RouterGroup<BoxdContext>) {
        router.route("/boxes/:id/prompt", [.post: prompt])
        router.route("/boxes/:id/prompts/:prompt", [.get: run])
        router.route("/boxes/:id/interrupt", [.post: interrupt])
    }

    @Sendable private func prompt(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let row = try await boxes.get(context.boxID(), context.requireAccount())
        let wish = try PromptRequest(await context.body(of: request).body)
        try row.requireRunning()
        throw APIError(
            .conflict, .providerNotConfigured,
            "\(wish.provider.name) is not set up on this server, so it can't take prompts",
            details: [
                "provider": .string(wish.provider.name),
                "setupUrl": .string(context.origin(of: request) + AgentRoutes.path),
            ])
    }

    @Sendable private func run(_ request: Request, _ context: BoxdContext) async throws -> Response {
        let box = try await boxes.get(context.boxID(), context.requireAccount()).id
        let id = context.parameters.get("prompt") ?? ""
        guard let event = try await events.find(id, box: box, type: "prompt") else {
            throw APIError(
                .notFound, .notFound, "prompt \(id.prefix(64)) not found in box \(box)",
                details: ["boxId": .string(box), "promptId": .string(String(id.prefix(64)))])
        }
        return .success("prompt.run", ["id": .string(box), "promptRun": event.promptRun])
    }

    /// Nothing runs, so there is nothing to end: harmless, as the API has it.
    @Sendable private func interrupt(_ request: Request, _ context: BoxdContext) async throws -> Response {
        _ = try await context.body(of: request)
        let row = try await boxes.get(context.boxID(), context.requireAccount())
        try row.requireRunning()
        return .success("box.interrupted", ["id": .string(row.id), "status": "interrupted", "box": row.json])
    }
}

extension EventRow {
    /// A `prompt` event as the API shows the run of its prompt.
    fileprivate var promptRun: JSON {
        let data = (try? JSON.parse(data)) ?? .null
        let status = data["status"]?.string ?? "queued"
        return [
            "id": .string(id), "promptId": .string(id), "boxId": .string(boxID), "status": .string(status),
            "done": .bool(["finished", "failed"].contains(status)),
            "createdAt": JSON(Timestamp(milliseconds: timestamp)), "model": data["model"] ?? .null,
            "reasoningEffort": data["reasoning_effort"] ?? .null,
        ]
    }
}

extension BoxRow {
    /// - Throws: ``APIError`` `box_starting` or `machine_not_running` when nothing can be done in the box now.
    func requireRunning() throws {
        guard !boxState.isUsable else { return }
        let details: JSONObject = ["boxId": .string(id), "state": .string(state)]
        if [.initial, .provisioning, .cloning].contains(boxState) {
            throw APIError(
                .conflict, .boxStarting, "box \(id) is still starting: wait until it is ready", details: details)
        }
        throw APIError(
            .badRequest, .machineNotRunning, "box \(id) is \(boxState.displayName): resume it first", details: details)
    }
}
