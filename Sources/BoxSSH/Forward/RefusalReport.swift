/// Reports the first refused connection of each forward, and the next one only after a connection has worked.
final class RefusalReport {
    private let tell: (PortForward, ForwardRefusal) -> Void
    /// The listening endpoints of the forwards that were reported.
    private var told: [Endpoint] = []

    init(_ tell: @escaping (PortForward, ForwardRefusal) -> Void) { self.tell = tell }

    /// - Parameter forward: with the destination that was refused.
    func refused(_ forward: PortForward, _ refusal: ForwardRefusal) {
        guard !told.contains(forward.listening) else { return }
        told.append(forward.listening)
        tell(forward, refusal)
    }

    func worked(_ forward: PortForward) {
        guard !told.isEmpty else { return }
        told.removeAll { $0 == forward.listening }
    }
}
