import BoxModel
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What a request carries through boxd.
struct BoxdContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// In every answer's header, in every error's body and in the log.
    let requestID: String
    /// Whose key came with the request; set by ``AuthenticationMiddleware``.
    var account: Account?
    /// The database's when the request came in, for ``ReadCache``; set with the account. Not for what waits meanwhile.
    var databaseVersion: Int64?

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        requestID = Self.newRequestID()
    }

    static func newRequestID() -> String { "req_" + RandomText.hex(bytes: 12) }

    func requireAccount() throws -> Account {
        guard let account else { throw APIError.unauthorized }
        return account
    }

    /// - Throws: ``APIError`` `invalid_json` when the body is neither empty nor a JSON object, 413 when it is over a megabyte.
    func body(of request: Request) async throws -> (body: RequestBody, bytes: [UInt8]) {
        let bytes = try await self.bytes(of: request, request.body, limit: Self.maximumBodySize)
        return (try RequestBody(bytes), bytes)
    }

    static let maximumBodySize = 1 << 20

    /// The whole body.
    ///
    /// - Parameter limit: in bytes.
    /// - Throws: ``APIError`` 413 when it has more.
    func bytes(of request: Request, _ body: Hummingbird.RequestBody, limit: Int) async throws -> [UInt8] {
        let tooLarge = APIError(
            .contentTooLarge, .bodyTooLarge, "the request body is larger than \(limit) bytes")
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if let length, length > limit { throw tooLarge }
        var bytes: [UInt8] = []
        if let length { bytes.reserveCapacity(min(length, 1 << 20)) }
        for try await buffer in body {
            bytes += buffer.readableBytesView
            if bytes.count > limit { throw tooLarge }
        }
        // The framework takes the end of a connection for the end of a body, and half a body can mean something else.
        if let length, bytes.count < length { throw APIError.incompleteBody }
        return bytes
    }
}
