import BoxModel

extension BoxClient {
    /// Copies a box with its current disk. `POST /boxes/{id}/fork`. The action's id is the copy's, which isn't ready
    /// yet.
    ///
    /// - Parameter idempotencyKey: as for ``create(_:idempotencyKey:)``.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `fork_failed`, and the errors of
    ///   ``create(_:idempotencyKey:)``.
    public func fork(
        _ id: String, _ machine: MachineOptions = MachineOptions(),
        idempotencyKey: String = IdempotencyKey.random()
    ) async throws -> BoxAction {
        var body = JSONObject()
        machine.write(to: &body)
        return try await act(
            APICall(
                method: .post, path: APIPath.box(id, "fork"), body: .object(body),
                headers: [HTTPHeader("Idempotency-Key", idempotencyKey)]))
    }
}
