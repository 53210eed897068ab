import CCurl
import Synchronization

/// An HTTP transport on libcurl: it uses HTTP/2 where offered, reuses connections and never follows redirects.
///
/// It uses libcurl only from the first request on. All transfers of one transport run on one thread, which ends with
/// the transport.
public final class CurlTransport: HTTPTransport {
    private let loop = Mutex<CurlLoop?>(nil)
    private let usesCallersThread: Bool

    /// - Parameter usesCallersThread: whether transfers run on the calling thread, which is blocked meanwhile. It saves
    ///   starting and waking a thread, for programs that have nothing else to do.
    public init(usesCallersThread: Bool = false) { self.usesCallersThread = usesCallersThread }

    deinit {
        loop.withLock { $0?.stop() }
    }

    /// Sends a request and returns the complete answer. Cancelling the task aborts the transfer.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse { try await send(request, to: nil) }

    /// Sends a request and passes on the answer's body. The other transfers of this transport wait while `onBody` runs.
    public func send(
        _ request: HTTPRequest, onBody: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws -> HTTPResponse {
        try await send(request, to: onBody)
    }

    private func send(_ request: HTTPRequest, to onBody: CurlTransfer.BodySink?) async throws -> HTTPResponse {
        try Task.checkCancellation()
        let loop = try self.loop.withLock { loop in
            if let loop { return loop }
            let started = try usesCallersThread ? CurlLoop() : CurlLoop.start()
            loop = started
            return started
        }
        let cancellation = CurlCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let transfer = CurlTransfer(
                    request: request, onBody: onBody, cancellation: cancellation, continuation: continuation)
                loop.add(transfer)
                if usesCallersThread { loop.drive(transfer) }
            }
        } onCancel: {
            cancellation.isCancelled.store(true, ordering: .releasing)
            loop.wake()
        }
    }
}

/// Informs the loop's thread that a transfer was cancelled.
final class CurlCancellation: Sendable {
    let isCancelled = Atomic(false)
}
