import BoxModel
import HTTPTypes
import Hummingbird
import Logging

/// Gives every answer its request id and turns every failure, the framework's too, into the error envelope; counts and logs it.
struct EnvelopeMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    let metrics: Metrics

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
        response.headers[.requestID] = context.requestID
        if request.method == .head { response = response.createHeadResponse() }
        observe(request, response, context, took: ContinuousClock.now - began)
        return response
    }

    /// Routes are told as they are declared: a path can have an id in it, or what somebody typed by mistake, and a query more.
    private func observe(_ request: Request, _ response: Response, _ context: Context, took: Duration) {
        let (status, seconds) = (response.status.code, took / .seconds(1))
        let method = Self.methods.contains(request.method) ? request.method.rawValue : "other"
        // The framework has a name, and no path, for what is no route.
        let template = context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "unmatched"
        let route = Metrics.Route(method: method, template: template, status: status)
        metrics.count(route, seconds: seconds)
        let isQuiet = status < 400 && [.get, .head].contains(request.method)
        context.logger.log(
            level: status >= 500 ? .error : isQuiet ? .debug : .info, "\(method) \(route.template) \(status)",
            metadata: [
                "requestId": "\(context.requestID)", "method": "\(method)", "route": "\(route.template)",
                "status": .stringConvertible(status),
                "durationMs": .stringConvertible((seconds * 100_000).rounded() / 100),
            ])
    }

    /// Whatever else somebody sends is one method, so that nobody can make counters without end.
    private static let methods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .patch, .delete, .options, .connect, .trace,
    ]

    private static func response(to error: any Error, request: Request, context: Context) -> Response {
        let failure: APIError
        switch error {
        case let error as ConnectionSpent:
            var response = response(to: error.cause, request: request, context: context)
            response.headers[.connection] = "close"
            // Nobody reads this but the log.
            if error.cause is CancellationError {
                response.status = .init(code: 499, reasonPhrase: "Client Closed Request")
            }
            return response
        case let error as APIError: failure = error
        case is CancellationError:
            failure = APIError(
                .serviceUnavailable, .unavailable, "boxd is stopping: try again in a moment", retryAfter: 5)
        case let error as HTTPError where error.status == .notFound:
            // The route tells clients, who may forget a box that isn't found, that it was no box.
            let route = "\(request.method) \(request.uri.path.prefix(200))"
            failure = APIError(.notFound, .notFound, "there is no \(route)", details: ["route": .string(route)])
        case let error as HTTPError:
            failure = APIError(error.status, .invalidRequest, error.body ?? error.status.reasonPhrase)
        default:
            context.logger.error(
                "a request failed", metadata: ["requestId": "\(context.requestID)", "error": "\(error)"])
            failure = APIError(
                .internalServerError, .internalError,
                "the server failed; its log has more under \(context.requestID)")
        }
        var response = Response.json(failure.json(requestID: context.requestID), status: failure.status)
        if failure.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if let allowed = failure.details["allow"]?.string { response.headers[.allow] = allowed }
        if let seconds = failure.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
        return response
    }
}

/// A failure after which the connection can't be read from any more.
struct ConnectionSpent: Error {
    let cause: any Error
}

extension Response {
    /// An answer with a JSON body.
    static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
        self.json(bytes: ByteBuffer(bytes: json.compactBytes), status: status)
    }

    /// An answer with a JSON body that is encoded already.
    static func json(bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "application/json; charset=utf-8", .contentLength: "\(bytes.readableBytes)",
                .cacheControl: "no-store",
            ],
            body: .init(byteBuffer: bytes))
    }

    /// A success envelope: `ok`, the type, and the members.
    static func success(_ type: String, _ members: JSONObject = JSONObject(), status: HTTPResponse.Status = .ok)
        -> Response
    {
        json(envelope(type, members), status: status)
    }

    static func envelope(_ type: String, _ members: JSONObject) -> JSON {
        var object: JSONObject = ["ok": true, "type": .string(type)]
        for (key, value) in members.members { object[key] = value }
        return .object(object)
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id")!
}
