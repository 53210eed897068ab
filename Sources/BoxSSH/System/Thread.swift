import Glibc

/// Threads for what blocks: libssh2 has one for each session.
enum Thread {
    /// Starts a detached thread.
    ///
    /// - Parameter purpose: continues "no thread to" in a message.
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
