import BoxSSH
import Synchronization

/// A connection that is made while the API is asked for the box's address.
final class EarlyConnection: Sendable {
    private let begun = Mutex<Begun?>(nil)

    private struct Begun {
        let destination: SSHDestination
        let connection: SSHConnecting
    }

    func begin(_ destination: SSHDestination, _ target: SSHTarget) {
        guard let connection = try? SSHConnecting(to: target) else { return }
        let new = Begun(destination: destination, connection: connection)
        begun.withLock { $0 = new }
    }

    /// Waits for the connection. Nil when it has another destination or failed: the box may have been starting, or not
    /// have known the key.
    func take(_ destination: SSHDestination) -> SSHConnection? {
        let last = begun.withLock { $0.take() }
        guard let last, last.destination == destination else { return nil }
        return if case .success(let connection) = last.connection.wait() { connection } else { nil }
    }
}
