import Glibc

/// Carries forwards beside a session, over a second connection, until the process ends.
///
/// libssh2 allows one thread per session, and the session's own loop already uses it. So the forwards get a connection
/// of their own.
public enum BackgroundForwarding {
    /// Starts the forwards; their ports listen when this returns. A lost connection is made again. Signals are left to
    /// the session.
    ///
    /// - Parameter report: called once when the forwards can't be restored, and once when they work again.
    public static func start(
        _ forwards: [PortForward], to target: SSHTarget, report: @escaping @Sendable (Change) -> Void
    ) throws(SSHError) {
        let work = Work(forwarder: try Forwarder(forwards), target: target, report: report)
        try work.connect()
        try Thread.start("forward") { work.run() }
    }

    /// What happens to the forwards after the connection was lost.
    public enum Change: Sendable, Equatable {
        /// The connection failed; retries continue.
        case failed(SSHError)
        case worksAgain
    }

    /// `@unchecked`: after its thread has started, only that thread uses it.
    private final class Work: @unchecked Sendable {
        private let forwarder: Forwarder
        private let target: SSHTarget
        private let report: @Sendable (Change) -> Void
        private var loop: ForwardLoop?

        /// In seconds. The box may need this long to release the ports of the lost connection.
        private static let reportsAfter = 1.5

        init(forwarder: Forwarder, target: SSHTarget, report: @escaping @Sendable (Change) -> Void) {
            self.forwarder = forwarder
            self.target = target
            self.report = report
        }

        /// Refusals of single connections aren't reported, because the session uses the terminal.
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
                    // An error of a running loop only means that the connection was lost; the next attempt may succeed.
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
