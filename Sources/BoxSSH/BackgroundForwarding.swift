import Glibc

/// Carries forwards beside a session, over a connection of its own, until the process ends.
///
/// libssh2 has one thread for each session, and a session's own loop has enough to do; sshd takes a second connection as gladly.
public enum BackgroundForwarding {
    /// The ports are listened on when this returns. A lost connection is made again; signals are the session's.
    ///
    /// - Throws: ``SSHError/Kind/portUnavailable``, or why there is no connection.
    public static func start(_ forwards: [PortForward], to target: SSHTarget) throws(SSHError) {
        let work = Work(forwarder: try Forwarder(forwards), target: target)
        try work.connect()
        try Thread.start("forward") { work.run() }
    }

    /// `@unchecked`: once its thread has started, nobody else touches it.
    private final class Work: @unchecked Sendable {
        private let forwarder: Forwarder
        private let target: SSHTarget
        private var loop: ForwardLoop?

        init(forwarder: Forwarder, target: SSHTarget) {
            self.forwarder = forwarder
            self.target = target
        }

        /// Refusals aren't told: the terminal is the session's.
        func connect() throws(SSHError) { loop = try forwarder.start(over: .connect(to: target)) { _, _ in } }

        func run() -> Never {
            var pause: UInt32 = 250_000
            while true {
                do throws(SSHError) {
                    if loop == nil { try connect() }
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
