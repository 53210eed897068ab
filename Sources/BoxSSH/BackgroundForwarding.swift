import Glibc

/// Carries forwards beside a session, over a connection of its own, until the process ends.
///
/// libssh2 has one thread for each session, and a session's own loop has enough to do; sshd takes a second connection as gladly.
public enum BackgroundForwarding {
    /// The ports are listened on when this returns. A lost connection is made again; signals are the session's.
    ///
    /// - Parameter report: as that of ``Forwarder/start(over:report:)``, called on another thread.
    /// - Throws: ``SSHError/Kind/portUnavailable``, or why there is no connection.
    public static func start(
        _ forwards: [PortForward], to target: SSHTarget,
        report: @escaping @Sendable (PortForward, ForwardRefusal) -> Void
    ) throws(SSHError) {
        let forwarder = try Forwarder(forwards)
        let work = Work(
            forwarder: forwarder, loop: try forwarder.start(over: .connect(to: target), report: report), target: target)
        try Thread.start("forward") { work.run(report) }
    }

    /// Handed over to its thread.
    private final class Work: @unchecked Sendable {
        private let forwarder: Forwarder
        private var loop: ForwardLoop?
        private let target: SSHTarget

        init(forwarder: Forwarder, loop: ForwardLoop, target: SSHTarget) {
            self.forwarder = forwarder
            self.loop = loop
            self.target = target
        }

        func run(_ report: @escaping @Sendable (PortForward, ForwardRefusal) -> Void) -> Never {
            var pause: UInt32 = 250_000
            while true {
                do throws(SSHError) {
                    if loop == nil { loop = try forwarder.start(over: .connect(to: target), report: report) }
                    pause = 250_000
                    try loop?.run(endsOnSignals: false)
                } catch {
                    loop = nil
                    usleep(pause)
                    pause = min(pause * 2, 8_000_000)
                }
            }
        }
    }
}
