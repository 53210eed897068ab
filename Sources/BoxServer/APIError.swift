import BoxModel

/// A failure that the API reports to its caller. The code decides the HTTP status: see ``ErrorCode/status``.
struct APIError: Error, Sendable, CustomStringConvertible {
    let code: ErrorCode
    let message: String
    let details: JSONObject
    /// In seconds: when asking again makes sense, where that is known.
    let retryAfter: Int?
    /// For the server's log only, such as what a program of the host said.
    let diagnostics: String

    init(
        _ code: ErrorCode, _ message: String, details: JSONObject = JSONObject(),
        retryAfter: Int? = nil, diagnostics: String = ""
    ) {
        (self.code, self.message, self.details) = (code, message, details)
        (self.retryAfter, self.diagnostics) = (retryAfter, diagnostics)
    }

    var description: String { message }

    static let unauthorized = APIError(
        .unauthorized, "missing or invalid API key: send one as \"Authorization: Bearer box_…\"")

    /// Nobody reads it: the client is gone, or was cut off.
    static let incompleteBody = APIError(.invalidRequest, "the connection ended before the request did")

    static func boxNotFound(_ id: String) -> APIError {
        APIError(
            .notFound, "box \(id.prefix(64)) not found", details: ["boxId": .string(String(id.prefix(64)))])
    }
}
