import BoxModel
import HTTPTypes

/// A failure that the API tells its caller about.
struct APIError: Error, Sendable, CustomStringConvertible {
    let status: HTTPResponse.Status
    let code: ErrorCode
    let message: String
    let details: JSONObject
    /// In seconds: when asking again makes sense, where that is known.
    let retryAfter: Int?

    init(
        _ status: HTTPResponse.Status, _ code: ErrorCode, _ message: String, details: JSONObject = JSONObject(),
        retryAfter: Int? = nil
    ) {
        (self.status, self.code, self.message, self.details) = (status, code, message, details)
        self.retryAfter = retryAfter
    }

    var description: String { message }

    /// The error envelope: the same facts at the top, where the oldest clients look, and under `error`.
    func json(requestID: String) -> JSON {
        var error: JSONObject = [
            "code": .string(code.rawValue), "message": .string(message), "status": JSON(status.code),
        ]
        error["details"] = .object(details)
        return [
            "ok": false, "type": "box.error", "status": JSON(status.code), "code": .string(code.rawValue),
            "message": .string(message), "error": .object(error), "requestId": .string(requestID),
        ]
    }

    static let unauthorized = APIError(
        .unauthorized, .unauthorized, "missing or invalid API key: send one as \"Authorization: Bearer box_…\"")

    /// Nobody reads it: the client is gone, or was cut off.
    static let incompleteBody = APIError(.badRequest, .invalidRequest, "the connection ended before the request did")

    static func boxNotFound(_ id: String) -> APIError {
        APIError(
            .notFound, .notFound, "box \(id.prefix(64)) not found", details: ["boxId": .string(String(id.prefix(64)))])
    }
}
