import Hummingbird

/// Refuses requests that address the server by a name that isn't its own.
struct HostMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    let names: HostNames

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        try names.check(request.head)
        return try await next(request, context)
    }
}
