import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

typealias Handler = @Sendable (Request, BoxdContext) async throws -> Response

extension RouterMethods where Context == BoxdContext {
    /// Adds all routes of one path. Other methods get 405 with the valid ones, and OPTIONS returns them too. HEAD is
    /// GET without its body, which ``EnvelopeMiddleware`` removes.
    func route(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler]) {
        var handlers = handlers
        if let get = handlers[.get] { handlers[.head] = get }
        let allowed = (handlers.keys + [.options]).map(\.rawValue).sorted().joined(separator: ", ")
        handlers[.options] = { _, _ in
            var response = Response(status: .noContent, headers: [.allow: allowed])
            response.headers[.contentLength] = nil  // RFC 9110, 8.6: not with 204.
            return response
        }
        for (method, handler) in handlers { on(path, method: method, use: handler) }
        for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete, .connect, .trace]
        where handlers[method] == nil {
            on(path, method: method) { request, _ -> Response in
                throw APIError(
                    .methodNotAllowed, "\(method) is not allowed here: use \(allowed)",
                    details: ["allow": .string(allowed)])
            }
        }
    }
}
