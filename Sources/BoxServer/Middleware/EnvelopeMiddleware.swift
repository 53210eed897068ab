import BoxModel
import HTTPTypes
import Hummingbird
import Logging

/// Gives every answer its request id and turns every failure, the framework's too, into the error envelope.
struct EnvelopeMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        let began = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = Self.response(to: error, request: request, context: context)
        }
        response.headers[.init("X-Request-Id")!] = context.requestID
        if request.method == .head { response = response.createHeadResponse() }
        context.logger.debug(
            "\(request.method) \(request.uri.path) \(response.status.code)",
            metadata: ["request": "\(context.requestID)", "took": "\(ContinuousClock.now - began)"])
        return response
    }

    private static func response(to error: any Error, request: Request, context: Context) -> Response {
        let failure: APIError
        switch error {
        case let error as APIError: failure = error
        case let error as HTTPError where error.status == .notFound:
            // The route tells clients, who may forget a box that isn't found, that it was no box.
            let route = "\(request.method) \(request.uri.path.prefix(200))"
            failure = APIError(.notFound, .notFound, "there is no \(route)", details: ["route": .string(route)])
        case let error as HTTPError:
            failure = APIError(error.status, .invalidRequest, error.body ?? error.status.reasonPhrase)
        default:
            context.logger.error(
                "a request failed", metadata: ["request": "\(context.requestID)", "error": "\(error)"])
            failure = APIError(
                .internalServerError, .internalError,
                "the server failed; its log has more under \(context.requestID)")
        }
        var response = Response.json(failure.json(requestID: context.requestID), status: failure.status)
        if failure.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if let allowed = failure.details["allow"]?.string { response.headers[.allow] = allowed }
        if failure.code == .rateLimited { response.headers[.retryAfter] = "10" }
        return response
    }
}

extension Response {
    /// An answer with a JSON body.
    static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
        let bytes = json.compactBytes
        return Response(
            status: status,
            headers: [
                .contentType: "application/json; charset=utf-8", .contentLength: "\(bytes.count)",
                .cacheControl: "no-store",
            ],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A success envelope: `ok`, the type, and the members.
    static func success(_ type: String, _ members: JSONObject = JSONObject(), status: HTTPResponse.Status = .ok)
        -> Response
    {
        var object: JSONObject = ["ok": true, "type": .string(type)]
        for (key, value) in members.members { object[key] = value }
        return json(.object(object), status: status)
    }
}
