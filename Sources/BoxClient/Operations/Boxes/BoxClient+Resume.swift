import BoxModel

extension BoxClient {
    /// Starts a stopped box again. `POST /boxes/{id}/resume`. Harmless when it already runs. It isn't ready yet: see
    /// ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found`, `resume_failed` or `limit_reached`.
    public func resume(_ id: String, _ request: ResumeBoxRequest = ResumeBoxRequest()) async throws -> BoxAction {
        try await act(APICall(method: .post, path: APIPath.box(id, "resume"), body: request.body))
    }
}
