import BoxModel

/// A failure that the API reports to its caller. The code decides the HTTP status: see ``ErrorCode/status``.
package struct APIError: Error, Sendable, CustomStringConvertible {
    package let code: ErrorCode
    package let message: String
    package let details: JSONObject
    /// In seconds: when a retry makes sense, if known.
    package let retryAfter: Int?
    /// For the server's log only, such as the output of a program on the host.
    package let diagnostics: String

    package init(
        _ code: ErrorCode, _ message: String, details: JSONObject = JSONObject(),
        retryAfter: Int? = nil, diagnostics: String = ""
    ) {
        (self.code, self.message, self.details) = (code, message, details)
        (self.retryAfter, self.diagnostics) = (retryAfter, diagnostics)
    }

    package var description: String { message }

    package static let unauthorized = APIError(
        .unauthorized, "missing or invalid API key: send one as \"Authorization: Bearer box_…\"")

    /// No client reads it: the connection is closed.
    package static let incompleteBody = APIError(.invalidRequest, "the connection ended before the request did")

    package static func boxNotFound(_ id: String) -> APIError {
        APIError(
            .notFound, "box \(id.prefix(64)) not found", details: ["boxId": .string(String(id.prefix(64)))])
    }
}
