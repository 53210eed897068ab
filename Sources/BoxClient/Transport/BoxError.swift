import BoxModel

/// Why an operation of ``BoxClient`` failed. Operations also throw `CancellationError`.
public enum BoxError: Error, Sendable, Equatable {
    /// The API answered with an error.
    case api(APIFailure)
    /// No whole answer came from that origin. `isUnreachable`: because nothing listens there, or no route leads there.
    case network(origin: String, reason: String, isUnreachable: Bool = false)
    /// An answer came that isn't the API's: not JSON, cut short, or of another shape.
    case invalidResponse(origin: String, status: Int, reason: String)
    /// An answer has an id, an address, a user name or a URL that is none (``ServerForm``). Asking again doesn't help.
    case invalidAnswer(origin: String, reason: String)
    /// An answer is larger than the client takes, in bytes.
    case answerTooLarge(origin: String, limit: Int)
    /// The client has no API key.
    case notLoggedIn
    /// The call would send an API key to another machine over plain HTTP. See ``BoxClient/Configuration/allowsPlainHTTP``.
    case plainHTTP(origin: String)
    /// The text isn't an origin; the message says what is.
    case invalidOrigin(String)
    /// A box that was waited for went where it can't become what was waited for.
    case unexpectedState(Box)
    /// A box that was waited for was deleted meanwhile.
    case deletedWhileWaiting(id: String)
    /// A box didn't reach the wanted state in time, in seconds.
    case waitTimedOut(id: String, lastState: BoxState, seconds: Int)
    /// A box's desktop wasn't ready in time, in seconds; with what the server said last, and its error if that was one.
    case desktopTimedOut(id: String, message: String?, seconds: Int, refusal: APIFailure? = nil)
    /// A prompt's run wasn't over in time, in seconds.
    case promptTimedOut(id: String, prompt: String, lastStatus: PromptStatus, seconds: Int)
    /// A file that should be text isn't UTF-8.
    case notText(path: String)
    /// A file of this machine changed while it was being sent. The box may have nothing of it, and never a part.
    case fileChanged(path: String)
    /// The box has no python3, or something else wrote in its place, so that not every byte of a command's output is known.
    case rawOutputUnavailable
    /// A file of CA certificates that is missing or holds none.
    case unusableCAFile(path: String, reason: String)
    /// A path of this machine that isn't one of a regular file.
    case notRegularFile(path: String)
}

extension BoxError {
    /// Whether the same call can succeed later though nothing was put right: the server is away, busy or starting again, or an
    /// answer was cut short.
    public var isTransient: Bool {
        switch self {
        case .network: true
        case .api(let failure): failure.status >= 500 || failure.status == 429
        case .invalidResponse(_, let status, _): status >= 500 || status == 200
        default: false
        }
    }
}

/// An error body of the API, in either of its forms.
public struct APIFailure: Sendable, Equatable {
    /// Stable, for programs.
    public let code: ErrorCode
    /// HTTP's own, which is authoritative.
    public let status: Int
    /// For people; servers may leave it out.
    public let message: String?
    /// Names the request in the server's logs.
    public let requestID: String?
    /// Facts that depend on the code, such as `setupUrl`.
    public let details: JSON?
    /// How long to wait before another try, in seconds, from `Retry-After`.
    public let retryAfter: Int?
    /// The body as it was sent.
    public let body: JSON

    /// An error as it would be read from a body.
    public init(
        code: ErrorCode, status: Int, message: String? = nil, requestID: String? = nil, details: JSON? = nil,
        retryAfter: Int? = nil, body: JSON = .object(JSONObject())
    ) {
        self.code = code
        self.status = status
        self.message = message
        self.requestID = requestID
        self.details = details
        self.retryAfter = retryAfter
        self.body = body
    }

    /// Whether the same call is refused again until something else changes: 4xx, but for those that ask to come back later.
    var isFinal: Bool { (400..<500).contains(status) && ![408, 425, 429].contains(status) }

    /// Reads `{"ok":false,"code":…,"message":…,"error":{…}}` and `{"error":"code","message":…}`.
    ///
    /// - Returns: nil when the body isn't a JSON object.
    init?(body: JSON, response: HTTPResponse) {
        guard case .object(let object) = body else { return nil }
        let inner = object["error"]
        let code = object["code"]?.string ?? inner?["code"]?.string ?? inner?.string ?? "http_\(response.status)"
        let message = object["message"]?.string ?? inner?["message"]?.string
        self.init(
            code: ErrorCode(code), status: response.status, message: message?.isEmpty == true ? nil : message,
            requestID: object["requestId"]?.string ?? response.header("X-Request-Id"),
            details: inner?["details"] ?? (inner?.string == nil ? nil : body), retryAfter: response.retryAfter,
            body: body)
    }
}

extension HTTPResponse {
    /// Seconds of a numeric `Retry-After`. The form with a date isn't used by this API.
    var retryAfter: Int? { header("Retry-After").flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil } }
}
