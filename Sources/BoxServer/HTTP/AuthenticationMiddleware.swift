import BoxControl
import BoxStore
import HTTPTypes
import Hummingbird

/// Refuses requests without a valid API key. OPTIONS needs none, because its response has nothing that isn't
/// documented.
struct AuthenticationMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    let keys: KeyStore
    let commits: CommitSignal
    let connections: ConnectionTable

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        if request.method == .options { return try await next(request, context) }
        let version = try commits.version()
        guard let account = try await keys.account(of: request, at: version) else { throw APIError.unauthorized }
        context.caller.recordKey()
        connections.recordKey(ObjectIdentifier(context.channel), of: account.id)
        var context = context
        context.account = account
        context.databaseVersion = version
        return try await next(request, context)
    }
}

extension KeyStore {
    /// The account of the request's key, or nil.
    func account(of request: Request, at version: Int64? = nil) async throws -> Account? {
        guard let header = request.headers[.authorization], let space = header.utf8.firstIndex(of: UInt8(ascii: " ")),
            header[..<space].lowercased() == "bearer"
        else { return nil }
        return try await authenticate(String(header[space...]).trimmed, at: version)
    }
}
