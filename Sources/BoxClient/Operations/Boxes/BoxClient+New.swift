import BoxModel

extension BoxClient {
    /// Creates a box. `POST /boxes`. It isn't ready yet: see ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Parameters:
    ///   - request: a box with the server's defaults when not given.
    ///   - idempotencyKey: the same key and request return the same box for 24 hours. At most 255 characters.
    /// - Throws: ``BoxError/api(_:)`` with `limit_reached`, `daily_limit_reached`, `rate_limited`, `billing_required`,
    ///   `invalid_env`, `invalid_ttl`, `invalid_name` or `idempotency_key_reused`.
    public func create(
        _ request: CreateBoxRequest = CreateBoxRequest(), idempotencyKey: String = IdempotencyKey.random()
    ) async throws -> BoxAction {
        try await act(
            APICall(
                method: .post, path: APIPath.boxes(), body: request.body,
                headers: [HTTPHeader("Idempotency-Key", idempotencyKey)]))
    }
}
