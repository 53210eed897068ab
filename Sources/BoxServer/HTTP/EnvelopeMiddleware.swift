import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Adds the request id to every response, converts every error to the error envelope, and counts and logs the request.
/// Errors of Hummingbird are converted too.
struct EnvelopeMiddleware: RouterMiddleware {
    typealias Context = BoxdContext

    let metrics: Metrics
    let readiness: Readiness
    let allowance: LogAllowance

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        let began = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = self.response(to: error, request: request, context: context)
        }
        response.headers[.requestID] = context.requestID
        if request.method == .head { response = response.createHeadResponse() }
        observe(request, response, context, took: ContinuousClock.now - began)
        return response
    }

    /// Counts and logs a response by its declared route. A path may contain an id or a user's typing mistake, and a
    /// query more.
    private func observe(_ request: Request, _ response: Response, _ context: Context, took: Duration) {
        let (status, seconds) = (response.status.code, took / .seconds(1))
        let method = Self.methods.contains(request.method) ? request.method.rawValue : "other"
        // For an unknown route Hummingbird's endpoint is a name and not a path.
        let template = context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "unmatched"
        let route = Metrics.Route(method: method, template: template, status: status)
        metrics.count(route, seconds: seconds)
        context.logger.log(
            level: level(request, status, context), "\(method) \(route.template) \(status)",
            metadata: [
                "requestId": "\(context.requestID)", "method": "\(method)", "route": "\(route.template)",
                "status": .stringConvertible(status),
                "durationMs": .stringConvertible((seconds * 100_000).rounded() / 100),
            ])
    }

    private func level(_ request: Request, _ status: Int, _ context: Context) -> Logger.Level {
        let isQuiet = status < 400 && [.get, .head].contains(request.method)
        // 503 and 507 mean that the server can't do it now. They aren't failures of the server.
        let isFailure = status >= 500 && ![503, 507].contains(status)
        return isQuiet ? .debug : bounded(isFailure ? .error : .info, context)
    }

    /// The log level of a line, or debug when requests without a key have used up their limit of lines.
    private func bounded(_ level: Logger.Level, _ context: Context) -> Logger.Level {
        guard !context.caller.hasKey, context.logger.logLevel > .debug else { return level }
        return allowance.consume() ? level : .debug
    }

    /// All other methods count as one, so that clients can't create unlimited counters.
    private static let methods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .patch, .delete, .options, .connect, .trace,
    ]

    private func response(to error: any Error, request: Request, context: Context) -> Response {
        let failure: APIError
        switch error {
        case let error as ConnectionSpent:
            var response = response(to: error.cause, request: request, context: context)
            response.headers[.connection] = "close"
            // The client is gone, so this status is for the log only.
            if error.cause is CancellationError {
                response.status = .init(code: 499, reasonPhrase: "Client Closed Request")
            }
            return response
        case let error as APIError: failure = error
        // The error is in a body that was being read. An invalid head gets no further than the decoder.
        case let error as HTTPParserError:
            failure = APIError(.invalidRequest, "the request's body is not valid HTTP: \(error)")
        // All NIO channels here are clients' connections.
        case is ChannelError, is IOError: failure = .incompleteBody
        case is CancellationError:
            let isStopping = Task.isCancelled || readiness.current == .stopping
            let reason = isStopping ? "boxd is stopping" : "the request was given up"
            failure = APIError(
                .unavailable, "\(reason): try again in a moment", retryAfter: 5)
        case let error as HTTPError where error.status == .notFound:
            // Clients may forget a box that isn't found. The `route` detail shows them that this error isn't about a
            // box.
            let route = "\(request.method) \(request.uri.path.prefix(200))"
            failure = APIError(.notFound, "there is no \(route)", details: ["route": .string(route)])
        case let error as HTTPError:
            failure = APIError(.invalidRequest, error.body ?? error.status.reasonPhrase)
        default:
            context.logger.log(
                level: bounded(.error, context), "a request failed",
                metadata: ["requestId": "\(context.requestID)", "error": "\(error)"])
            failure = APIError(
                .internalError,
                "the server failed; its log has more under \(context.requestID)")
        }
        if !failure.diagnostics.isEmpty {
            context.logger.warning(
                "\(failure.message)",
                metadata: ["requestId": "\(context.requestID)", "error": "\(failure.diagnostics)"])
        }
        let status = (error as? HTTPError)?.status ?? failure.code.status
        var response = Response.json(failure.json(requestID: context.requestID, status: status), status: status)
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if let allowed = failure.details["allow"]?.string { response.headers[.allow] = allowed }
        if let seconds = failure.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
        return response
    }
}

extension Response {
    /// A response with a JSON body.
    static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
        self.json(bytes: ByteBuffer(bytes: json.compactBytes), status: status)
    }

    /// A response with a JSON body that is already encoded.
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
