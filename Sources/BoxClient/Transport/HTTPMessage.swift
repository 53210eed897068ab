/// One header field. Names compare without regard to case.
public struct HTTPHeader: Sendable, Equatable {
    /// As it is sent.
    public var name: String
    /// Without line breaks, which transports refuse.
    public var value: String

    /// A field of that name.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request as a transport sends it.
public struct HTTPRequest: Sendable, Equatable {
    /// Those that the API has.
    public enum Method: String, Sendable {
        case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
    }

    /// What is to be done with the resource.
    public var method: Method
    /// Absolute, with an http or https scheme; sent as it is, without normalising the path.
    public var url: String
    /// In the order in which they are sent.
    public var headers: [HTTPHeader]
    /// Nil sends no body.
    public var body: [UInt8]?
    /// Instead of ``body``, one that is read while it is sent.
    public var upload: HTTPUpload?
    /// Whether sending it twice does no more than sending it once. A transport may send only such requests again by itself.
    public var isRepeatable: Bool
    /// Certificates to trust, in PEM; nil for those of the system. See ``CAFile``.
    public var caFile: String?
    /// From the start of the request to the last byte of the answer.
    public var timeout: Duration
    /// For the connection to the server, TLS included.
    public var connectTimeout: Duration
    /// How long nothing may be sent and nothing arrive before the request fails; nil for as long as ``timeout``.
    public var stallTimeout: Duration?
    /// In bytes, after decompression. A longer answer fails the request, unless it is handed on as it arrives.
    public var maximumResponseSize: Int

    /// A request without a body and with the usual limits, unless something is given.
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

    /// The first field of that name.
    public func header(_ name: String) -> String? { headers.value(of: name) }
}

/// An answer, whole.
public struct HTTPResponse: Sendable, Equatable {
    /// HTTP's.
    public var status: Int
    /// In the order in which they are sent.
    public var headers: [HTTPHeader]
    /// After decompression; empty when it was handed on as it arrived.
    public var body: [UInt8]

    /// An answer, for transports.
    public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first field of that name.
    public func header(_ name: String) -> String? { headers.value(of: name) }

    var isSuccess: Bool { (200..<300).contains(status) }
}

extension [HTTPHeader] {
    /// The first field of that name.
    func value(of name: String) -> String? {
        let wanted = name.lowercased()
        return first { $0.name.lowercased() == wanted }?.value
    }
}

/// What carries requests: libcurl in programs, a script in tests.
public protocol HTTPTransport: Sendable {
    /// - Throws: ``TransportError`` when no whole answer arrived, or `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse

    /// Hands on the body of a success (2xx) in pieces as they arrive, and answers without it. Other bodies are held.
    ///
    /// - Parameter onBody: called in order, never at once, and on a thread that it may block; what it throws ends
    ///   the request and is thrown on.
    func send(_ request: HTTPRequest, onBody: @escaping @Sendable ([UInt8]) throws -> Void) async throws -> HTTPResponse
}

extension HTTPTransport {
    /// For transports that hold every body.
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

/// No whole answer arrived.
public struct TransportError: Error, Equatable {
    /// What went wrong, as far as it matters for what to do next.
    public enum Kind: Sendable {
        /// Nothing listens there, or no route leads there.
        case unreachable
        /// The connection broke before the answer was whole.
        case interrupted
        case timedOut
        /// The answer is larger than the request allows.
        case tooLarge
        /// The request can't be sent or the answer can't be taken, now or later.
        case refused
    }

    /// What went wrong.
    public let kind: Kind
    /// For people, without the URL.
    public let reason: String

    /// A failure, for transports.
    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// - Parameter limit: in bytes.
    static func tooLarge(_ limit: Int) -> TransportError {
        TransportError(.tooLarge, "the answer is larger than \(limit) bytes")
    }
}
