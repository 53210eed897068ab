import Glibc

/// Carries forwards beside a session, over a connection of its own, until the process ends.
///
/// libssh2 has one thread for each session, and a session's own loop has enough to do; sshd takes a second connection as gladly.
public enum BackgroundForwarding {
    /// The ports are listened on when this returns. A lost connection is made again; signals are the session's.
    ///
    /// - Throws: ``SSHError/Kind/portUnavailable``.
    public static func start(_ forwards: [PortForward], to target: SSHTarget) throws(SSHError) {
        let work = Work(forwarder: try Forwarder(forwards), target: target)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        guard code == 0 else {
            throw SSHError(.localFailure(errno: code), "no thread to forward in: \(errorText(code))")
        }
        pthread_detach(thread)
    }

    private final class Work {
        private let forwarder: Forwarder
        private let target: SSHTarget

        init(forwarder: Forwarder, target: SSHTarget) {
            self.forwarder = forwarder
            self.target = target
        }

        func run() {
            var pause: UInt32 = 250_000
            while true {
                do throws(SSHError) {
                    let connection = try SSHConnection.connect(to: target)
                    pause = 250_000
                    try forwarder.carry(over: connection, endsOnSignals: false) { _, _ in }
                } catch {
                    usleep(pause)
                    pause = min(pause * 2, 8_000_000)
                }
            }
        }
    }
}
