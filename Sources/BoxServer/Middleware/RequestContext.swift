import BoxModel
import HTTPTypes
import Hummingbird
import Logging

/// What a request carries through boxd.
struct BoxdContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// In every answer's header, in every error's body and in the log.
    let requestID: String
    /// Whose key came with the request; set by ``AuthenticationMiddleware``.
    var account: Account?

    init(source: Source) {
        coreContext = .init(source: source)
        requestID = "req_" + RandomText.hex(bytes: 12)
    }

    func requireAccount() throws -> Account {
        guard let account else { throw APIError.unauthorized }
        return account
    }

    /// - Throws: ``APIError`` `invalid_json` when the body is neither empty nor a JSON object, 413 when it is over a megabyte.
    func body(of request: Request) async throws -> (body: RequestBody, bytes: [UInt8]) {
        let bytes = try await self.bytes(of: request)
        return (try RequestBody(bytes), bytes)
    }

    static let maximumBodySize = 1 << 20

    /// The whole body.
    func bytes(of request: Request) async throws -> [UInt8] {
        let tooLarge = APIError(
            .contentTooLarge, .bodyTooLarge, "the request body is larger than \(Self.maximumBodySize) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumBodySize {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            bytes += buffer.readableBytesView
            if bytes.count > Self.maximumBodySize { throw tooLarge }
        }
        return bytes
    }
}
