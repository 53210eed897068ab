import Synchronization

/// How long a machine's processes may take to end after they were asked to. Another request can shorten it while a stop
/// waits.
public final class StopGrace: Sendable {
    private struct State {
        var duration: Duration
        var isAbandoned = false
    }

    private let state: Mutex<State>

    /// Creates a grace that counts from the moment when the processes are asked.
    public init(_ duration: Duration) { state = Mutex(State(duration: duration)) }

    /// Kills processes immediately.
    public static var none: StopGrace { StopGrace(.zero) }

    public var duration: Duration { state.withLock(\.duration) }

    public func shorten(to duration: Duration) {
        state.withLock { $0.duration = min($0.duration, duration) }
    }

    /// Whether the stop is cancelled and the machine left as it is.
    public var isAbandoned: Bool { state.withLock(\.isAbandoned) }

    /// Cancels the stop when the server ends; the next server stops the machine.
    public func abandon() { state.withLock { $0.isAbandoned = true } }
}
