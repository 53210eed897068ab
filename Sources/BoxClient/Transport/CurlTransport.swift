import CCurl
import Synchronization

/// HTTP on libcurl: HTTP/2 where offered, connections kept and reused, redirects never followed.
///
/// Nothing of libcurl is touched before the first request. All transfers of one transport run on one thread,
/// which ends with the transport.
public final class CurlTransport: HTTPTransport {
    private let loop = Mutex<CurlLoop?>(nil)
    private let usesCallersThread: Bool

    /// - Parameter usesCallersThread: whether transfers run on the thread that sends them, which is blocked meanwhile. For
    ///   programs that have nothing else to do: it saves starting and waking a thread.
    public init(usesCallersThread: Bool = false) { self.usesCallersThread = usesCallersThread }

    deinit {
        loop.withLock { $0?.stop() }
    }

    /// Sends a request and holds its whole answer. Cancelling the task aborts the transfer.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse { try await send(request, to: nil) }

    /// The other transfers of this transport wait while `onBody` runs.
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

/// Says to the loop's thread that nobody waits for a transfer any more.
final class CurlCancellation: Sendable {
    let isCancelled = Atomic(false)
}
