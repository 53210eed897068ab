/// One header field. Its name is case-insensitive.
public struct HTTPHeader: Sendable, Equatable {
    /// The name, as it is sent.
    public var name: String
    /// The value. Transports refuse line breaks in it.
    public var value: String

    /// A field with a name and a value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request as a transport sends it.
public struct HTTPRequest: Sendable, Equatable {
    /// The methods that the API uses.
    public enum Method: String, Sendable {
        case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
    }

    /// The request's method.
    public var method: Method
    /// The absolute URL with an http or https scheme. It is sent as it is, without normalising the path.
    public var url: String
    /// The header fields, in the order in which they are sent.
    public var headers: [HTTPHeader]
    /// The body; nil sends none.
    public var body: [UInt8]?
    /// A body that is read while it is sent. It replaces ``body``.
    public var upload: HTTPUpload?
    /// Whether sending it twice has the same effect as sending it once. Transports may resend only such requests
    /// automatically.
    public var isRepeatable: Bool
    /// A file of trusted certificates in PEM; nil for the system's. See ``CAFile``.
    public var caFile: String?
    /// The time limit from the start of the request to the last byte of the answer.
    public var timeout: Duration
    /// The time limit for connecting to the server, including TLS.
    public var connectTimeout: Duration
    /// How long nothing may be sent or received before the request fails; nil for ``timeout``.
    public var stallTimeout: Duration?
    /// In bytes, after decompression. A longer answer fails the request, unless it is passed on as it arrives.
    public var maximumResponseSize: Int

    /// A request without a body and with the usual limits, except for the given arguments.
    public init(
        method: Method, url: String, headers: [HTTPHeader] = [], body: [UInt8]? = nil, timeout: Duration = .seconds(60),
        connectTimeout: Duration = .seconds(10), stallTimeout: Duration? = nil,
        maximumResponseSize: Int = HTTPRequest.standardMaximumResponseSize
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        isRepeatable = method == .get
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.maximumResponseSize = maximumResponseSize
    }

    /// 64 MiB.
    public static let standardMaximumResponseSize = 64 << 20

    /// The value of the first field with that name.
    public func header(_ name: String) -> String? { headers.value(of: name) }
}

/// A complete answer.
public struct HTTPResponse: Sendable, Equatable {
    /// The HTTP status.
    public var status: Int
    /// The header fields, in the order in which they were sent.
    public var headers: [HTTPHeader]
    /// The body after decompression. It is empty when it was passed on as it arrived.
    public var body: [UInt8]

    /// An answer, for implementations of transports.
    public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first field with that name.
    public func header(_ name: String) -> String? { headers.value(of: name) }

    var isSuccess: Bool { (200..<300).contains(status) }
}

extension [HTTPHeader] {
    /// The value of the first field with that name.
    func value(of name: String) -> String? {
        let wanted = name.lowercased()
        return first { $0.name.lowercased() == wanted }?.value
    }
}

/// Sends requests: with libcurl in programs, from a script in tests.
public protocol HTTPTransport: Sendable {
    /// - Throws: ``TransportError`` when no complete answer arrived, or `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse

    /// Passes on the body of a success (2xx) in pieces as they arrive, and returns the answer without it. Other bodies
    /// are returned.
    ///
    /// - Parameter onBody: called in order, never concurrently, and on a thread that it may block. An error that it
    ///   throws ends the request and is rethrown.
    func send(_ request: HTTPRequest, onBody: @escaping @Sendable ([UInt8]) throws -> Void) async throws -> HTTPResponse
}

extension HTTPTransport {
    /// For transports that hold the whole body.
    public func send(
        _ request: HTTPRequest, onBody: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws -> HTTPResponse {
        var response = try await send(request)
        guard response.isSuccess else { return response }
        try onBody(response.body)
        response.body = []
        return response
    }
}

/// The error when no complete answer arrived.
public struct TransportError: Error, Equatable {
    /// The kind of failure, as far as it decides on the next step.
    public enum Kind: Sendable {
        /// Nothing listens there, or no route leads there.
        case unreachable
        /// The connection broke before the answer was complete.
        case interrupted
        case timedOut
        /// The answer is larger than the request allows.
        case tooLarge
        /// The request can't be sent, or the answer can't be accepted, now or later.
        case refused
    }

    /// The kind of failure.
    public let kind: Kind
    /// A message for people, without the URL.
    public let reason: String

    /// A failure, for implementations of transports.
    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// - Parameter limit: in bytes.
    static func tooLarge(_ limit: Int) -> TransportError {
        TransportError(.tooLarge, "the answer is larger than \(limit) bytes")
    }
}
