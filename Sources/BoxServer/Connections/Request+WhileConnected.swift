import Hummingbird
import NIOCore

extension Request {
    /// Does the work of a request whose body is read, and cancels it when the client goes away.
    ///
    /// Noticing that takes the connection's reading side, so the connection isn't used again.
    ///
    /// - Throws: ``ConnectionSpent`` with what the work threw.
    func whileConnected<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        var request = self
        // With a body that is still to come the framework would wait for its reader for ever once the work has thrown: it hands the pieces on
        // one by one, and nothing ends that wait, not even cancellation.
        request.body = .init(buffer: ByteBuffer())
        do { return try await request.body.consumeWithCancellationOnInboundClose { _ in try await work() } } catch {
            throw ConnectionSpent(cause: error)
        }
    }
}

/// A failure after which the connection can't be read from any more.
struct ConnectionSpent: Error {
    let cause: any Error
}
