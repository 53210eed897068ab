extension BoxClient {
    /// Whose key this is. `GET /me`.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `unauthorized` when the key isn't valid, as every call does.
    public func me() async throws -> Account {
        Account(json: try await send(APICall(method: .get, path: "/me")))
    }

    /// What the account may do now. `GET /limits`.
    ///
    /// - Throws: as ``me()``.
    public func limits() async throws -> AccountLimits {
        AccountLimits(json: try await send(APICall(method: .get, path: "/limits")))
    }
}
