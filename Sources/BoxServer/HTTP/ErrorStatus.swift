import BoxModel
import BoxStore
import HTTPTypes

extension ErrorCode {
    /// The HTTP status of an error with this code. `Docs/openapi.yaml` documents the same.
    var status: HTTPResponse.Status { Self.statuses[self] ?? .badRequest }

    /// Codes that aren't here have 400: those of what the caller sent, and `machine_not_running`, `stop_failed` and `desktop_not_ready`.
    private static let statuses: [ErrorCode: HTTPResponse.Status] = [
        .unauthorized: .unauthorized,
        .forbidden: .forbidden, .loginDenied: .forbidden,
        .notFound: .notFound, .fileNotFound: .notFound, .loginExpired: .notFound,
        .methodNotAllowed: .methodNotAllowed,
        .requestTimeout: .requestTimeout,
        .boxFailed: .conflict, .boxStarting: .conflict, .boxNotPromptable: .conflict, .deleteMismatch: .conflict,
        .forkFailed: .conflict, .idempotencyInProgress: .conflict, .idempotencyKeyReused: .conflict,
        .providerNotConfigured: .conflict, .repositorySyncFailed: .conflict, .resumeFailed: .conflict,
        .bodyTooLarge: .contentTooLarge, .fileTooLarge: .contentTooLarge,
        .misdirectedRequest: .misdirectedRequest,
        .dailyLimitReached: .tooManyRequests, .limitReached: .tooManyRequests, .rateLimited: .tooManyRequests,
        .internalError: .internalServerError,
        .unavailable: .serviceUnavailable,
        .insufficientStorage: .insufficientStorage,
    ]
}

extension APIError {
    /// The error envelope: the same facts at the top, where the oldest clients look, and under `error`.
    ///
    /// - Parameter status: of an error that isn't ours to give a code to; by default the code's.
    func json(requestID: String, status: HTTPResponse.Status? = nil) -> JSON {
        let status = status ?? code.status
        let error: JSON = [
            "code": .string(code.rawValue), "message": .string(message), "status": JSON(status.code),
            "details": .object(details),
        ]
        return [
            "ok": false, "type": "box.error", "status": JSON(status.code), "code": .string(code.rawValue),
            "message": .string(message), "error": error, "requestId": .string(requestID),
        ]
    }
}

extension HTTPResponse.Status {
    /// RFC 4918, section 11.5.
    static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
