extension BoxClient {
    /// Returns the account of the key. `GET /me`.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `unauthorized` when the key isn't valid, as every call does.
    public func me() async throws -> Account {
        Account(json: try await send(APICall(method: .get, path: "/me")))
    }

    /// Returns the account's limits. `GET /limits`.
    ///
    /// - Throws: the errors of ``me()``.
    public func limits() async throws -> AccountLimits {
        AccountLimits(json: try await send(APICall(method: .get, path: "/limits")))
    }
}
