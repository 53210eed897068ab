import BoxModel

/// The Box API v1 as Swift calls.
///
/// Every result keeps the JSON that the server sent. Operations throw ``BoxError``, or `CancellationError`
/// when their task is cancelled, which also aborts the transfer.
public struct BoxClient: Sendable {
    /// The server, the key and the time limits of a client.
    public struct Configuration: Sendable {
        /// The server's origin, without the API's path, which the client adds.
        public var origin: Origin
        /// Sent as a bearer token to `origin` only: redirects aren't followed.
        public var apiKey: String?
        /// Whether keys may be sent to another machine over plain HTTP, where the network can read them. Otherwise such
        /// a call throws ``BoxError/plainHTTP(origin:)``. Loopback addresses need no permission.
        public var allowsPlainHTTP: Bool
        /// Sent as `User-Agent`.
        public var userAgent: String
        /// The time limit of one call with all its attempts.
        public var timeout: Duration
        /// The retries of calls that can safely be repeated: reads, and creations with their idempotency key.
        public var retry: RetryPolicy
        /// A PEM file of CA certificates that may sign HTTPS servers; nil for the system's.
        public var caFile: String?
        /// Called after every attempt, for traces. It gets no secrets.
        public var onExchange: (@Sendable (Exchange) -> Void)?
        /// Called before a retry, with its reason and the pause before it.
        public var onRetry: (@Sendable (_ reason: String, _ pause: Duration) -> Void)?
        /// The function by which retries and waits pause.
        public var pause: @Sendable (Duration) async throws -> Void

        /// A configuration for the hosted service without a key, except for the given arguments.
        public init(
            origin: Origin = .hosted, apiKey: String? = nil, userAgent: String = "box-swift/\(ProductVersion.current)",
            timeout: Duration = .seconds(60), retry: RetryPolicy = RetryPolicy(), caFile: String? = nil,
            allowsPlainHTTP: Bool = false,
            onExchange: (@Sendable (Exchange) -> Void)? = nil,
            onRetry: (@Sendable (_ reason: String, _ pause: Duration) -> Void)? = nil,
            pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
        ) {
            self.origin = origin
            self.apiKey = apiKey
            self.userAgent = userAgent
            self.timeout = timeout
            self.retry = retry
            self.caFile = caFile
            self.allowsPlainHTTP = allowsPlainHTTP
            self.onExchange = onExchange
            self.onRetry = onRetry
            self.pause = pause
        }
    }

    /// One attempt of a request and its outcome.
    public struct Exchange: Sendable, Equatable {
        /// The method, such as `GET`.
        public let method: String
        /// The URL, without the query's values that may be secrets.
        public let url: String
        /// 1 for the first attempt of a call.
        public let attempt: Int
        /// From the start of the attempt to the last byte of its answer.
        public let duration: Duration
        /// The HTTP status, or nil when no answer arrived.
        public let status: Int?
        /// Why no answer arrived.
        public let failure: String?
        /// The id of the request in the server's logs.
        public let requestID: String?
    }

    /// The client's settings. Use ``with(_:)`` for a client with other ones.
    public let configuration: Configuration
    let transport: any HTTPTransport

    /// - Parameter transport: shared by clients that should share connections.
    public init(_ configuration: Configuration, transport: any HTTPTransport = CurlTransport()) {
        self.configuration = configuration
        self.transport = transport
    }

    /// The same client with other settings, on the same connections.
    public func with(_ change: (inout Configuration) -> Void) -> BoxClient {
        var configuration = configuration
        change(&configuration)
        return BoxClient(configuration, transport: transport)
    }
}

/// One API call before it is sent.
struct APICall {
    var method: HTTPRequest.Method
    /// The path below ``base``, already escaped.
    var path: String
    var query: [(name: String, value: String?)] = []
    var body: JSON?
    /// A streamed body, which replaces ``body``.
    var upload: HTTPUpload?
    var headers: [HTTPHeader] = []
    /// The time limit of all attempts of the call; nil for the client's default.
    var timeout: Duration?
    /// How long nothing may be transferred; nil for ``timeout``.
    var stallTimeout: Duration?
    /// Whether the call waits longer than others for a busy server.
    var waitsWhenBusy = false
    var base = APIPath.prefix
    var needsKey = true

    /// Whether sending it twice has the same effect as sending it once.
    var isRepeatable: Bool {
        method == .get || headers.contains { $0.name == "Idempotency-Key" }
    }

    var target: String {
        let parts = query.compactMap { name, value in value.map { "\(name)=\(APIPath.escape($0))" } }
        return path + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&"))
    }
}

extension BoxClient {
    /// Sends a call, with retries where they are safe and useful, and parses its answer.
    func send(_ call: APICall) async throws -> JSON { try read(try await exchange(call)) }

    /// Sends a call, with retries where they are safe and useful, and returns the last answer, also an error.
    func exchange(_ call: APICall) async throws -> HTTPResponse {
        try await exchange(try request(for: call), call)
    }

    /// Sends a read whose answer is bytes, and passes them on as they arrive. An error is JSON, as for other calls.
    func send(_ call: APICall, onBody: @escaping @Sendable ([UInt8]) throws -> Void) async throws {
        var request = try request(for: call, accepting: "application/octet-stream")
        request.stallTimeout = configuration.timeout
        let sink = BodySink(onBody)
        let response = try await exchange(request, call, sink: sink)
        guard response.isSuccess else {
            _ = try read(response)
            return
        }
    }

    private func request(for call: APICall, accepting type: String = "application/json") throws -> HTTPRequest {
        // Calls without a key are refused too, since the answer to a login contains a key.
        guard configuration.allowsPlainHTTP || configuration.origin.isConfidential else {
            throw BoxError.plainHTTP(origin: configuration.origin.description)
        }
        var headers = [HTTPHeader("Accept", type), HTTPHeader("User-Agent", configuration.userAgent)]
        if call.needsKey {
            guard let key = configuration.apiKey, !key.isEmpty else { throw BoxError.notLoggedIn }
            headers.insert(HTTPHeader("Authorization", "Bearer \(key)"), at: 0)
        }
        if call.body != nil || call.upload != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        var request = HTTPRequest(
            method: call.method, url: configuration.origin.description + call.base + call.target,
            headers: headers + call.headers, body: call.body?.compactBytes,
            timeout: call.timeout ?? configuration.timeout, stallTimeout: call.stallTimeout)
        request.upload = call.upload
        request.isRepeatable = call.isRepeatable
        if let caFile = configuration.caFile, configuration.origin.description.hasPrefix("https:") {
            try CAFile.check(caFile)
            request.caFile = caFile
        }
        return request
    }

    private func exchange(
        _ request: HTTPRequest, _ call: APICall, sink: BodySink? = nil
    ) async throws -> HTTPResponse {
        let start = ContinuousClock.now
        var tries = 0
        var busyTries = 0
        var request = request
        let timeout = request.timeout
        while true {
            tries += 1
            let outcome = try await attempt(request, number: tries, sink: sink)
            let elapsed = ContinuousClock.now - start
            let policy = configuration.retry
            if call.waitsWhenBusy, let pause = policy.busyPause(after: outcome, elapsed: elapsed) {
                // The server did nothing, so the full time is left.
                busyTries += 1
                configuration.onRetry?(Self.reason(of: outcome), pause)
                try await configuration.pause(pause)
                request.timeout = timeout
                request.upload?.rewind()
                continue
            }
            // Bytes that were passed on can't be revoked.
            let isRepeatable = call.isRepeatable && sink?.hasBegun != true
            let pause = policy.pause(
                after: outcome, tries: tries - busyTries, elapsed: elapsed, isRepeatable: isRepeatable)
            if let pause {
                configuration.onRetry?(Self.reason(of: outcome), pause)
                try await configuration.pause(pause)
                request.timeout = max(timeout - elapsed - pause, .milliseconds(1))
                request.upload?.rewind()
                continue
            }
            switch outcome {
            case .success(let response): return response
            case .failure(let error) where error.kind == .tooLarge:
                throw BoxError.answerTooLarge(
                    origin: configuration.origin.description, limit: request.maximumResponseSize)
            case .failure(let error):
                throw BoxError.network(
                    origin: configuration.origin.description, reason: error.reason,
                    isUnreachable: error.kind == .unreachable)
            }
        }
    }

    private static func reason(of outcome: Result<HTTPResponse, TransportError>) -> String {
        switch outcome {
        case .success(let response): "HTTP \(response.status)"
        case .failure(let error): error.reason
        }
    }

    private func attempt(
        _ request: HTTPRequest, number: Int, sink: BodySink?
    ) async throws -> Result<HTTPResponse, TransportError> {
        let start = ContinuousClock.now
        let outcome: Result<HTTPResponse, TransportError>
        do {
            let response =
                if let sink {
                    try await transport.send(request, onBody: sink.append)
                } else {
                    try await transport.send(request)
                }
            outcome = .success(response)
        } catch let error as TransportError {
            outcome = .failure(error)
        }
        if let report = configuration.onExchange {
            let response = try? outcome.get()
            var failure: String?
            if case .failure(let error) = outcome { failure = error.reason }
            report(
                Exchange(
                    method: request.method.rawValue, url: Redaction.url(request.url), attempt: number,
                    duration: ContinuousClock.now - start, status: response?.status, failure: failure,
                    requestID: response?.header("X-Request-Id")))
        }
        return outcome
    }

    /// Returns the answer's JSON object, or throws the error that it contains.
    func read(_ response: HTTPResponse) throws(BoxError) -> JSON {
        let body: JSON
        do {
            body = try JSON.parse(response.body)
        } catch {
            throw invalid(response, response.body.isEmpty ? "it is empty" : "it is not JSON (\(error))")
        }
        let isSuccess = response.isSuccess && body["ok"]?.bool != false
        if isSuccess, body.object != nil {
            if let problem = ServerForm.problem(inAnswer: body) {
                throw .invalidAnswer(origin: configuration.origin.description, reason: problem)
            }
            return body
        }
        guard !isSuccess, let failure = APIFailure(body: body, response: response) else {
            throw invalid(response, "it is not a JSON object")
        }
        throw .api(failure)
    }

    func invalid(_ response: HTTPResponse, _ reason: String) -> BoxError {
        var reason = reason
        if (300..<400).contains(response.status), let target = response.header("Location") {
            let address = Origin.withoutCredentials(String(target.prefix { $0 != "?" && $0 != "#" }))
            reason = "it is a redirect to \(address), and redirects are not followed"
        }
        return .invalidResponse(origin: configuration.origin.description, status: response.status, reason: reason)
    }

    /// The error for an answer with the right status and an unexpected form.
    func unexpectedShape(_ what: String) -> BoxError {
        .invalidResponse(origin: configuration.origin.description, status: 200, reason: what)
    }
}
