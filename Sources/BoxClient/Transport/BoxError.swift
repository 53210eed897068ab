import BoxModel

/// Why an operation of ``BoxClient`` failed. Operations also throw `CancellationError`.
public enum BoxError: Error, Sendable, Equatable {
    /// The API answered with an error.
    case api(APIFailure)
    /// No complete answer came from the origin. `isUnreachable`: nothing listens there, or no route leads there.
    case network(origin: String, reason: String, isUnreachable: Bool = false)
    /// An answer isn't the API's: not JSON, incomplete, or of an unexpected form.
    case invalidResponse(origin: String, status: Int, reason: String)
    /// An answer has an invalid id, address, user name or URL (``ServerForm``). A retry doesn't help.
    case invalidAnswer(origin: String, reason: String)
    /// An answer is larger than the client's limit in bytes.
    case answerTooLarge(origin: String, limit: Int)
    /// The client has no API key.
    case notLoggedIn
    /// The call would send an API key to another machine over plain HTTP. See ``BoxClient/Configuration/allowsPlainHTTP``.
    case plainHTTP(origin: String)
    /// The text isn't a valid origin; the message explains what is valid.
    case invalidOrigin(String)
    /// A box came into a state from which it can't reach the awaited one.
    case unexpectedState(Box)
    /// A box was deleted during a wait for it.
    case deletedWhileWaiting(id: String)
    /// A box didn't reach the awaited state in time, in seconds.
    case waitTimedOut(id: String, lastState: BoxState, seconds: Int)
    /// A box's desktop wasn't ready in time, in seconds. It includes the server's last message, and its last error if
    /// any.
    case desktopTimedOut(id: String, message: String?, seconds: Int, refusal: APIFailure? = nil)
    /// A prompt's run wasn't over in time, in seconds.
    case promptTimedOut(id: String, prompt: String, lastStatus: PromptStatus, seconds: Int)
    /// A file that should be text isn't UTF-8.
    case notText(path: String)
    /// A local file changed while it was sent. The box may have nothing of it, but never a part.
    case fileChanged(path: String)
    /// The box has no python3, or other output was mixed in, so the bytes of a command's output aren't known.
    case rawOutputUnavailable
    /// A file of CA certificates is missing or contains none.
    case unusableCAFile(path: String, reason: String)
    /// A local path isn't a regular file's.
    case notRegularFile(path: String)
}

extension BoxError {
    /// Whether the same call can succeed later without any correction. The server may be unavailable, busy or
    /// restarting, or an answer was incomplete.
    public var isTransient: Bool {
        switch self {
        case .network: true
        case .api(let failure): failure.status >= 500 || failure.status == 429
        case .invalidResponse(_, let status, _): status >= 500 || status == 200
        default: false
        }
    }
}

/// An error answer of the API, in either of its forms.
public struct APIFailure: Sendable, Equatable {
    /// The error code, which is stable, for programs.
    public let code: ErrorCode
    /// The HTTP status, which is authoritative.
    public let status: Int
    /// The message for people. Servers may omit it.
    public let message: String?
    /// The id of the request in the server's logs.
    public let requestID: String?
    /// Members that depend on the code, such as `setupUrl`.
    public let details: JSON?
    /// How long to wait before a retry in seconds, from `Retry-After`.
    public let retryAfter: Int?
    /// The body as the server sent it.
    public let body: JSON

    /// An error with the given members.
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

    /// Whether a retry of the same call is refused again until something changes. True for 4xx, except those that
    /// request a later retry.
    var isFinal: Bool { (400..<500).contains(status) && ![408, 425, 429].contains(status) }

    /// Parses `{"ok":false,"code":…,"message":…,"error":{…}}` and `{"error":"code","message":…}`.
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
    /// The seconds of a numeric `Retry-After`. This API doesn't use the form with a date.
    var retryAfter: Int? { header("Retry-After").flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil } }
}
