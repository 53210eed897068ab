import Synchronization

/// How long a machine's processes have to end by themselves after they were asked to. Another request can shorten it while a stop waits.
public final class StopGrace: Sendable {
    private struct State {
        var duration: Duration
        var isAbandoned = false
    }

    private let state: Mutex<State>

    /// From the moment when the processes are asked.
    public init(_ duration: Duration) { state = Mutex(State(duration: duration)) }

    /// Kill at once.
    public static var none: StopGrace { StopGrace(.zero) }

    public var duration: Duration { state.withLock(\.duration) }

    public func shorten(to duration: Duration) {
        state.withLock { $0.duration = min($0.duration, duration) }
    }

    /// Whether the stop gives up, and leaves the machine as it is.
    public var isAbandoned: Bool { state.withLock(\.isAbandoned) }

    /// For a server that ends: the next one stops the machine.
    public func abandon() { state.withLock { $0.isAbandoned = true } }
}
