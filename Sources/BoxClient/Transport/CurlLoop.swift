import BoxSystem
import CCurl
import Glibc
import Synchronization

/// Drives all transfers of a transport, on its own thread or on the callers' threads, one at a time.
///
/// `@unchecked`: only the driving thread uses `multi` and `active`. The exception is `curl_multi_wakeup`, which libcurl
/// allows from any thread. The lock protects the rest.
final class CurlLoop: @unchecked Sendable {
    private struct Inbox {
        var transfers: [CurlTransfer] = []
        var isStopping = false
    }

    private let inbox = Mutex(Inbox())
    private let multi: UnsafeMutableRawPointer
    private var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    /// Held by the driving caller, when there is no thread.
    private let driver = Mutex(())

    /// The result of `curl_global_init`, which must run once per process, before any other call of libcurl.
    private static let globalResult = curl_global_init(Int(CURL_GLOBAL_ALL))

    init() throws(TransportError) {
        guard Self.globalResult == CURLE_OK, let multi = curl_multi_init() else {
            throw TransportError(.refused, "libcurl could not be initialised")
        }
        self.multi = multi
    }

    deinit { _ = curl_multi_cleanup(multi) }

    /// Starts a loop with a thread, which ends after ``stop()``.
    static func start() throws(TransportError) -> CurlLoop {
        let loop = try CurlLoop()
        let code = OSThread.start {
            blockSignals()
            loop.run()
        }
        guard code == 0 else { throw TransportError(.refused, "no thread for libcurl: \(errnoText(code))") }
        return loop
    }

    /// Blocks signals in this thread, so that the program's own threads handle them.
    private static func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }

    func add(_ transfer: CurlTransfer) {
        inbox.withLock { $0.transfers.append(transfer) }
        wake()
    }

    /// Wakes the loop. A wake-up before the wait isn't lost, because libcurl stores it.
    func wake() { _ = curl_multi_wakeup(multi) }

    func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    /// Runs a transfer to its end on a loop without a thread. Other callers' transfers continue meanwhile.
    func drive(_ transfer: CurlTransfer) {
        driver.withLock { _ in run { transfer.hasEnded } }
    }

    private func run() {
        run { active.isEmpty && inbox.withLock { $0.isStopping && $0.transfers.isEmpty } }
    }

    private func run(until isDone: () -> Bool) {
        while !isDone() {
            let transfers = inbox.withLock { inbox in
                defer { inbox.transfers = [] }
                return inbox.transfers
            }
            for transfer in transfers { begin(transfer) }
            for (handle, transfer) in active where transfer.isCancelled { end(handle, .failure(CancellationError())) }
            var running: Int32 = 0
            _ = curl_multi_perform(multi, &running)
            var result = CURLE_OK
            while let handle = box_curl_next_finished(multi, &result) {
                end(handle, active[handle]?.outcome(of: handle, result))
            }
            if !isDone() { _ = curl_multi_poll(multi, nil, 0, 60_000, nil) }
        }
    }

    private func begin(_ transfer: CurlTransfer) {
        if transfer.isCancelled { return transfer.resume(.failure(CancellationError())) }
        do {
            let handle = try transfer.makeHandle()
            active[handle] = transfer
            let result = curl_multi_add_handle(multi, handle)
            if result != CURLM_OK {
                let reason = String(cString: curl_multi_strerror(result))
                end(handle, .failure(TransportError(.refused, reason)))
            }
        } catch {
            transfer.resume(.failure(error))
        }
    }

    private func end(_ handle: UnsafeMutableRawPointer, _ outcome: Result<HTTPResponse, any Error>?) {
        _ = curl_multi_remove_handle(multi, handle)
        curl_easy_cleanup(handle)
        let transfer = active.removeValue(forKey: handle)
        if let outcome { transfer?.resume(outcome) }
    }
}
