import Hummingbird
import NIOCore

extension Request {
    /// Runs work for a request whose body was read, and cancels it when the client disconnects.
    ///
    /// Detecting that uses up the connection's reading side, so the connection isn't used for another request.
    ///
    /// - Throws: ``ConnectionSpent`` with the error of the work.
    func whileConnected<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        var request = self
        // Hummingbird passes a body on in pieces and waits for its reader. After the work has thrown, that wait would
        // never end, and cancellation doesn't end it either. An empty body avoids it.
        request.body = .init(buffer: ByteBuffer())
        do { return try await request.body.consumeWithCancellationOnInboundClose { _ in try await work() } } catch {
            throw ConnectionSpent(cause: error)
        }
    }
}

/// An error after which no more can be read from the connection.
struct ConnectionSpent: Error {
    let cause: any Error
}
