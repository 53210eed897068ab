import BoxModel
import HTTPTypes

/// A failure that the API tells its caller about.
struct APIError: Error, Sendable {
    let status: HTTPResponse.Status
    let code: ErrorCode
    let message: String
    let details: JSONObject

    init(_ status: HTTPResponse.Status, _ code: ErrorCode, _ message: String, details: JSONObject = JSONObject()) {
        (self.status, self.code, self.message, self.details) = (status, code, message, details)
    }

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

    static func boxNotFound(_ id: String) -> APIError {
        APIError(
            .notFound, .notFound, "box \(id.prefix(64)) not found", details: ["boxId": .string(String(id.prefix(64)))])
    }
}
