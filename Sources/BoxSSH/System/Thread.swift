import BoxSystem

/// Starts threads for blocking work; each libssh2 session is used by one thread.
enum Thread {
    /// Starts a detached thread.
    ///
    /// - Parameter purpose: completes the message "no thread to … in".
    static func start(_ purpose: String, _ body: @escaping @Sendable () -> Void) throws(SSHError) {
        let code = OSThread.start(body)
        guard code == 0 else {
            throw SSHError(.localFailure(errno: code), "no thread to \(purpose) in: \(errorText(code))")
        }
    }
}
