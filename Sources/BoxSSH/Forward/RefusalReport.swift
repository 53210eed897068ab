/// Reports the first refused connection of each forward, and the next one only after a connection has worked.
final class RefusalReport {
    private let report: (PortForward, ForwardRefusal) -> Void
    /// The listening endpoints of the forwards that were reported.
    private var reported: [Endpoint] = []

    init(_ report: @escaping (PortForward, ForwardRefusal) -> Void) { self.report = report }

    /// - Parameter forward: with the destination that was refused.
    func refused(_ forward: PortForward, _ refusal: ForwardRefusal) {
        guard !reported.contains(forward.listening) else { return }
        reported.append(forward.listening)
        report(forward, refusal)
    }

    func worked(_ forward: PortForward) {
        guard !reported.isEmpty else { return }
        reported.removeAll { $0 == forward.listening }
    }
}
