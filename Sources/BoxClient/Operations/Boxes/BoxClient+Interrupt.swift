import BoxModel

extension BoxClient {
    /// Interrupts the work of the box's agent. `POST /boxes/{id}/interrupt`.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `machine_not_running`.
    public func interrupt(_ id: String) async throws -> BoxAction {
        try await act(APICall(method: .post, path: APIPath.box(id, "interrupt")))
    }
}
