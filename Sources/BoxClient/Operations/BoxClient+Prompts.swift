import BoxModel

extension BoxClient {
    /// Queues a prompt for the box's agent. `POST /boxes/{id}/prompt`. It is never sent twice.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `prompt_required`, `provider_required`, `provider_not_configured` (then the
    ///   failure's details have a `setupUrl`), `box_not_promptable` or `machine_not_running`.
    public func prompt(_ id: String, _ request: PromptRequest) async throws -> QueuedPrompt {
        let json = try await send(APICall(method: .post, path: APIPath.box(id, "prompt"), body: request.body))
        guard let promptID = json["promptId"]?.string ?? json["promptRun"]?["promptId"]?.string, !promptID.isEmpty
        else {
            throw unexpectedShape("it has no promptId")
        }
        return QueuedPrompt(json: json, promptID: promptID)
    }

    /// Returns the state of a prompt's run. `GET /boxes/{id}/prompts/{promptId}`. To wait for its end, use
    /// ``waitForPrompt(_:prompt:timeout:onStatus:)``.
    ///
    /// - Parameter prompt: ``QueuedPrompt/promptID``.
    /// - Throws: ``BoxError/api(_:)`` with `not_found`.
    public func promptRunStatus(_ id: String, prompt: String) async throws -> PromptRun {
        let path = APIPath.box(id, "prompts/\(APIPath.escape(prompt))")
        let json = try await send(APICall(method: .get, path: path))
        guard let run = PromptRun(answer: json) else { throw unexpectedShape("it has no promptRun") }
        return run
    }
}
