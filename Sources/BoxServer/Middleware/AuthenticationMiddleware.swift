import HTTPTypes
import Hummingbird

/// Lets only requests with a valid API key through, and OPTIONS, which tells no more than the documentation.
struct AuthenticationMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    let keys: KeyStore

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        if request.method == .options { return try await next(request, context) }
        guard let account = try await keys.account(of: request) else { throw APIError.unauthorized }
        var context = context
        context.account = account
        return try await next(request, context)
    }
}

extension KeyStore {
    /// The account whose key comes with the request, or nil.
    func account(of request: Request) async throws -> Account? {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else { return nil }
        return try await authenticate(String(header.dropFirst(7)).trimmed)
    }
}
