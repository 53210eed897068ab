import Glibc

/// Carries forwards beside a session, over a connection of its own, until the process ends.
///
/// libssh2 has one thread for each session, and a session's own loop has enough to do; sshd takes a second connection as gladly.
public enum BackgroundForwarding {
    /// The ports are listened on when this returns. A lost connection is made again; signals are the session's.
    ///
    /// - Parameter report: told once when the forwards can't be set up again, and once when they work again.
    /// - Throws: ``SSHError/Kind/portUnavailable``, or why there is no connection.
    public static func start(
        _ forwards: [PortForward], to target: SSHTarget, report: @escaping @Sendable (Change) -> Void
    ) throws(SSHError) {
        let work = Work(forwarder: try Forwarder(forwards), target: target, report: report)
        try work.connect()
        try Thread.start("forward") { work.run() }
    }

    /// What becomes of the forwards after the connection was lost.
    public enum Change: Sendable, Equatable {
        /// It is tried again and again.
        case failed(SSHError)
        case worksAgain
    }

    /// `@unchecked`: once its thread has started, nobody else touches it.
    private final class Work: @unchecked Sendable {
        private let forwarder: Forwarder
        private let target: SSHTarget
        private let report: @Sendable (Change) -> Void
        private var loop: ForwardLoop?

        /// In seconds: so long the box may take to see that the lost connection has no use of its ports any more.
        private static let reportsAfter = 1.5

        init(forwarder: Forwarder, target: SSHTarget, report: @escaping @Sendable (Change) -> Void) {
            self.forwarder = forwarder
            self.target = target
            self.report = report
        }

        /// Refusals of single connections aren't told: the terminal is the session's.
        func connect() throws(SSHError) { loop = try forwarder.start(over: .connect(to: target)) { _, _ in } }

        func run() -> Never {
            var pause: UInt32 = 250_000
            var failingSince: Double?
            var isReported = false
            while true {
                do throws(SSHError) {
                    if loop == nil { try connect() }
                    if isReported { report(.worksAgain) }
                    (failingSince, isReported) = (nil, false)
                    pause = 250_000
                    try loop?.run(endsOnSignals: false)
                } catch {
                    // A loop that had run says only that the connection is lost, which the next try may mend.
                    if loop == nil {
                        failingSince = failingSince ?? monotonicSeconds()
                        if !isReported, monotonicSeconds() - failingSince! >= Self.reportsAfter {
                            isReported = true
                            report(.failed(error))
                        }
                    }
                    loop = nil
                    usleep(pause)
                    pause = min(pause * 2, 8_000_000)
                }
            }
        }
    }
}
