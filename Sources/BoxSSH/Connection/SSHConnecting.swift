internal import CSSH2
import Glibc
import Synchronization

/// A connection that is made on a thread of its own, for whoever has something else to do meanwhile. When nobody waits for
/// it any more, it ends by itself.
public final class SSHConnecting: Sendable {
    private let outcome = Mutex<Outcome?>(nil)
    /// A pipe whose reading end is readable when the connection is made or has failed.
    private let readEnd: Int32
    private let writeEnd: Int32

    /// `@unchecked`: handed from the thread that makes it to whoever takes it, once.
    private struct Outcome: @unchecked Sendable {
        let result: Result<SSHConnection, SSHError>
    }

    /// - Parameter prepare: what else is to be done with the connection over there.
    public init(
        to target: SSHTarget, prepare: @escaping @Sendable (SSHConnection) throws(SSHError) -> Void = { _ in }
    ) throws(SSHError) {
        var ends: [Int32] = [-1, -1]
        guard box_pipe(&ends) == 0 else { throw SSHError(.localFailure(errno: errno), "no pipe: \(errorText(errno))") }
        (readEnd, writeEnd) = (ends[0], ends[1])
        // On this thread, which may go on to use OpenSSL for HTTPS: OpenSSL takes preferences only while nobody else uses it
        // (EVP_set_default_properties(3)).
        _ = LibSSH2.initialised
        try Thread.start("connect") { [self] in
            let result: Result<SSHConnection, SSHError>
            do throws(SSHError) {
                let connection = try SSHConnection.connect(to: target)
                try prepare(connection)
                result = .success(connection)
            } catch {
                result = .failure(error)
            }
            let made = Outcome(result: result)
            outcome.withLock { $0 = made }
            write(writeEnd, "x", 1)
        }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Readable when there is an outcome.
    var fd: Int32 { readEnd }

    /// The outcome, for the first who asks; nil while there is none.
    func take() -> Result<SSHConnection, SSHError>? { outcome.withLock { $0.take() }?.result }

    /// Waits for the outcome, which is the first caller's.
    public func wait() -> Result<SSHConnection, SSHError> {
        var ready = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, -1) < 0, errno == EINTR {}
        return take() ?? .failure(SSHError(.invalidRequest, "the connection was taken before"))
    }
}
