import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// The context of one request in boxd.
struct BoxdContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// The id in every response's header, in every error's body and in the log.
    let requestID: String
    /// State that all copies of the context share.
    let caller = Caller()
    /// The account whose key came with the request; set by ``AuthenticationMiddleware``.
    var account: Account?
    /// The database's version at the start of the request, for ``ReadCache``. It is set with the account. A long poll
    /// must not use it after its wait.
    var databaseVersion: Int64?

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        requestID = RequestID.make()
    }

    /// The sender of a request, for middleware that sees the response.
    final class Caller: Sendable {
        private let key = Atomic(false)

        /// Whether a valid key came with the request.
        var hasKey: Bool { key.load(ordering: .relaxed) }
        func recordKey() { key.store(true, ordering: .relaxed) }
    }

    func requireAccount() throws -> Account {
        guard let account else { throw APIError.unauthorized }
        return account
    }

    /// - Throws: ``APIError`` `invalid_json` when the body is neither empty nor a JSON object, 413 when it is larger
    ///   than a megabyte.
    func body(of request: Request) async throws -> (body: JSONBody, bytes: [UInt8]) {
        let bytes = try await self.bytes(of: request, limit: Self.maximumBodySize)
        return (try JSONBody(bytes), bytes)
    }

    static let maximumBodySize = 1 << 20

    /// Reads the whole body. It can be read once.
    ///
    /// - Parameter limit: in bytes.
    /// - Throws: ``APIError`` 413 as soon as the body is known to be larger. ``UnreadBodyHandler`` handles the unread
    ///   rest.
    func bytes(of request: Request, limit: Int) async throws -> [UInt8] {
        let tooLarge = APIError(
            .bodyTooLarge, "the request body is larger than \(limit) bytes, which is the most")
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if let length, length > limit { throw tooLarge }
        var bytes: [UInt8] = []
        if let length { bytes.reserveCapacity(min(length, 1 << 20)) }
        if request.headers[.expect] != nil {
            channel.triggerUserOutboundEvent(UnreadBodyHandler.BodyIsRead(), promise: nil)
        }
        for try await buffer in request.body {
            bytes += buffer.readableBytesView
            if bytes.count > limit { throw tooLarge }
        }
        // Hummingbird reports the end of a connection as the end of the body. A truncated body can have another
        // meaning.
        if let length, bytes.count < length { throw APIError.incompleteBody }
        return bytes
    }
}
