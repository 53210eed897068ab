import BoxModel
import BoxStore
import HTTPTypes

extension ErrorCode {
    /// The HTTP status of an error with this code. `Docs/openapi.yaml` documents the same.
    var status: HTTPResponse.Status { Self.statuses[self] ?? .badRequest }

    /// Missing codes have 400: those for invalid requests, and `machine_not_running`, `stop_failed` and
    /// `desktop_not_ready`.
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
    /// The error envelope. Its members are at the top level, where the oldest clients look, and under `error`.
    ///
    /// - Parameter status: the status when it differs from the code's, for an error that came with its own.
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
