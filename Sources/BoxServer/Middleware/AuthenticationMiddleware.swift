import HTTPTypes
import Hummingbird

/// Lets only requests with a valid API key through.
struct AuthenticationMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    let keys: KeyStore

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer "),
            let account = try await keys.authenticate(String(header.dropFirst(7)).trimmed)
        else { throw APIError.unauthorized }
        var context = context
        context.account = account
        return try await next(request, context)
    }
}
