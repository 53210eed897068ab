import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Gives every answer its request id and turns every failure, the framework's too, into the error envelope; counts and logs it.
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

    /// Routes are told as they are declared: a path can have an id in it, or what somebody typed by mistake, and a query more.
    private func observe(_ request: Request, _ response: Response, _ context: Context, took: Duration) {
        let (status, seconds) = (response.status.code, took / .seconds(1))
        let method = Self.methods.contains(request.method) ? request.method.rawValue : "other"
        // The framework has a name, and no path, for what is no route.
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
        // 503 and 507 say what the server can't do now: no failure of its own.
        let isFailure = status >= 500 && ![503, 507].contains(status)
        return isQuiet ? .debug : bounded(isFailure ? .error : .info, context)
    }

    /// The level of a line, or debug where requests without a key have filled the log enough.
    private func bounded(_ level: Logger.Level, _ context: Context) -> Logger.Level {
        guard !context.caller.hasKey, context.logger.logLevel > .debug else { return level }
        return allowance.take() ? level : .debug
    }

    /// Whatever else somebody sends is one method, so that nobody can make counters without end.
    private static let methods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .patch, .delete, .options, .connect, .trace,
    ]

    private func response(to error: any Error, request: Request, context: Context) -> Response {
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
        // Of a body that was read; a head that can't be read gets no further than the decoder.
        case let error as HTTPParserError:
            failure = APIError(.invalidRequest, "the request's body is not valid HTTP: \(error)")
        // Only clients' connections are NIO's here.
        case is ChannelError, is IOError: failure = .incompleteBody
        case is CancellationError:
            let isStopping = Task.isCancelled || readiness.current == .stopping
            let reason = isStopping ? "boxd is stopping" : "the request was given up"
            failure = APIError(
                .unavailable, "\(reason): try again in a moment", retryAfter: 5)
        case let error as HTTPError where error.status == .notFound:
            // The route tells clients, who may forget a box that isn't found, that it was no box.
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
