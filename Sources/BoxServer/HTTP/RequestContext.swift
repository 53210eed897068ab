import BoxControl
import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What a request carries through boxd.
struct BoxdContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// In every answer's header, in every error's body and in the log.
    let requestID: String
    /// What copies of the context tell each other.
    let caller = Caller()
    /// Whose key came with the request; set by ``AuthenticationMiddleware``.
    var account: Account?
    /// The database's when the request came in, for ``ReadCache``; set with the account. Not for what waits meanwhile.
    var databaseVersion: Int64?

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        requestID = RequestID.make()
    }

    /// Who sent a request, for those that see its answer.
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

    /// - Throws: ``APIError`` `invalid_json` when the body is neither empty nor a JSON object, 413 when it is over a megabyte.
    func body(of request: Request) async throws -> (body: JSONBody, bytes: [UInt8]) {
        let bytes = try await self.bytes(of: request, limit: Self.maximumBodySize)
        return (try JSONBody(bytes), bytes)
    }

    static let maximumBodySize = 1 << 20

    /// The whole body. It can be read once.
    ///
    /// - Parameter limit: in bytes.
    /// - Throws: ``APIError`` 413 when it has more, as soon as that is known. ``UnreadBodyHandler`` sees to the rest.
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
        // The framework takes the end of a connection for the end of a body, and half a body can mean something else.
        if let length, bytes.count < length { throw APIError.incompleteBody }
        return bytes
    }
}
