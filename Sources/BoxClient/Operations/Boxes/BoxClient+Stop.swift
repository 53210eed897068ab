import BoxModel

extension BoxClient {
    /// Stops a box and keeps its disk. `POST /boxes/{id}/stop`. Harmless when it is already stopped.
    ///
    /// It takes a while: see ``waitUntilStopped(_:from:timeout:onState:)``.
    ///
    /// - Parameters:
    ///   - force: gives its processes no time to end.
    ///   - timeoutSeconds: how long its processes may take to end, from 0 to 600; boxd's default is 10.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `stop_failed`.
    public func stop(_ id: String, force: Bool = false, timeoutSeconds: Int? = nil) async throws -> BoxAction {
        var fields = JSONObject()
        if force { fields["force"] = true }
        if let timeoutSeconds { fields["timeoutSeconds"] = JSON(timeoutSeconds) }
        let body: JSON? = force || timeoutSeconds != nil ? .object(fields) : nil
        return try await act(APICall(method: .post, path: APIPath.box(id, "stop"), body: body))
    }
}
