import CCurl
import Glibc
import Synchronization

/// One thread that drives every transfer of a transport.
///
/// `@unchecked`: `multi` is only used on the thread, apart from `curl_multi_wakeup`, which libcurl allows from
/// any thread, and `active` is only used on the thread. The rest is behind the lock.
final class CurlLoop: @unchecked Sendable {
    private struct Inbox {
        var transfers: [CurlTransfer] = []
        var isStopping = false
    }

    private let inbox = Mutex(Inbox())
    private let multi: UnsafeMutableRawPointer
    private var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]

    /// `curl_global_init` once a process, before anything else of libcurl.
    private static let globalResult = curl_global_init(Int(CURL_GLOBAL_ALL))

    private init() throws(TransportError) {
        guard Self.globalResult == CURLE_OK, let multi = curl_multi_init() else {
            throw TransportError(.refused, "libcurl could not be initialised")
        }
        self.multi = multi
    }

    static func start() throws(TransportError) -> CurlLoop {
        let loop = try CurlLoop()
        var thread = pthread_t()
        let context = Unmanaged.passRetained(loop).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                CurlLoop.blockSignals()
                Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        guard result == 0 else {
            Unmanaged<CurlLoop>.fromOpaque(context).release()
            throw TransportError(.refused, "no thread for libcurl: \(String(cString: strerror(result)))")
        }
        pthread_detach(thread)
        return loop
    }

    /// Signals are for the program's own threads.
    private static func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }

    func add(_ transfer: CurlTransfer) {
        inbox.withLock { $0.transfers.append(transfer) }
        wake()
    }

    /// A wake-up that comes before the wait isn't lost: libcurl keeps it.
    func wake() { _ = curl_multi_wakeup(multi) }

    func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    private func run() {
        defer { _ = curl_multi_cleanup(multi) }
        while true {
            let (transfers, isStopping) = inbox.withLock { inbox in
                defer { inbox.transfers = [] }
                return (inbox.transfers, inbox.isStopping)
            }
            for transfer in transfers { begin(transfer) }
            for (handle, transfer) in active where transfer.isCancelled { end(handle, .failure(CancellationError())) }
            if isStopping, active.isEmpty { return }
            var running: Int32 = 0
            _ = curl_multi_perform(multi, &running)
            var result = CURLE_OK
            while let handle = box_curl_next_finished(multi, &result) {
                end(handle, active[handle]?.outcome(of: handle, result))
            }
            _ = curl_multi_poll(multi, nil, 0, 60_000, nil)
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
