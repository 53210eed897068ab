internal import CSSH2
import Glibc
import Synchronization

/// A connection that is made on its own thread, so that the caller can do other work.
///
/// A connection that nothing waits for any more closes when it is made.
public final class SSHConnecting: Sendable {
    private let outcome = Mutex<Outcome?>(nil)
    /// A pipe whose reading end is readable when the connection is made or has failed.
    private let readEnd: Int32
    private let writeEnd: Int32

    /// `@unchecked`: it moves once, from the connecting thread to the caller.
    private struct Outcome: @unchecked Sendable {
        let result: Result<SSHConnection, SSHError>
    }

    /// - Parameter prepare: more work to do with the connection on its thread.
    public init(
        to target: SSHTarget, prepare: @escaping @Sendable (SSHConnection) throws(SSHError) -> Void = { _ in }
    ) throws(SSHError) {
        var ends: [Int32] = [-1, -1]
        guard box_pipe(&ends) == 0 else { throw SSHError(.localFailure(errno: errno), "no pipe: \(errorText(errno))") }
        (readEnd, writeEnd) = (ends[0], ends[1])
        // OpenSSL accepts preferences only while no other thread uses it (EVP_set_default_properties(3)). So this runs
        // on the caller's thread, which may later use OpenSSL for HTTPS.
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

    /// The outcome. Only the first call gets it; nil while there is none.
    func take() -> Result<SSHConnection, SSHError>? { outcome.withLock { $0.take() }?.result }

    /// Waits for the outcome, which only the first caller gets.
    public func wait() -> Result<SSHConnection, SSHError> {
        var ready = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, -1) < 0, errno == EINTR {}
        return take() ?? .failure(SSHError(.invalidRequest, "the connection was taken before"))
    }
}
