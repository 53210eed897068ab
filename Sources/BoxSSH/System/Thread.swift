import Glibc

/// Starts threads for blocking work; each libssh2 session is used by one thread.
enum Thread {
    /// Starts a detached thread.
    ///
    /// - Parameter purpose: completes the message "no thread to … in".
    static func start(_ purpose: String, _ body: @escaping @Sendable () -> Void) throws(SSHError) {
        let work = Work(body)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        guard code == 0 else {
            Unmanaged.passUnretained(work).release()
            throw SSHError(.localFailure(errno: code), "no thread to \(purpose) in: \(errorText(code))")
        }
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
