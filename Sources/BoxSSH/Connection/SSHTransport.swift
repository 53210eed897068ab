internal import CSSH2
import Glibc

/// The socket below a libssh2 session.
///
/// libssh2 accepts no other call while a packet is half sent: the next send of anything else fails with
/// LIBSSH2_ERROR_BAD_USE (transport.c, send_existing). So sends always succeed into a queue here, which is written when
/// the socket is ready. Callers check ``queued`` before they give libssh2 more, so that the queue stays short.
final class SSHTransport {
    let fd: Int32
    /// Give libssh2 nothing new while more bytes than this wait.
    static let highWater = 256 * 1024

    /// When the last bytes arrived, in monotonic seconds.
    private(set) var lastHeard = monotonicSeconds()
    /// Bytes read so far. libssh2 reads for all its channels at once, so a call on one stream can take another stream's
    /// bytes from the socket. poll(2) doesn't show those bytes; a change of this number does.
    private(set) var received: UInt64 = 0
    /// The errno that ended the connection.
    private(set) var failure: Int32?
    /// Acknowledges received bytes immediately (tcp(7), TCP_QUICKACK). sshd turns Nagle's algorithm off only when a
    /// command runs. Otherwise each small packet would wait for our acknowledgement, which Linux delays by 40 ms.
    var acknowledgesAtOnce = false
    private var queue = ByteQueue()

    /// Takes ownership of `fd`, which must be non-blocking.
    init(fd: Int32) { self.fd = fd }

    deinit { close(fd) }

    var queued: Int { queue.count }

    /// Makes every later read and write fail, so that libssh2 frees its memory without waiting for the other side.
    func abandon() {
        failure = failure ?? EPIPE
        queue.removeAll()
    }

    /// Measures the server's silence from now on; for times when this process didn't read.
    func restartSilence() { lastHeard = monotonicSeconds() }

    func flush() {
        while failure == nil, !queue.isEmpty {
            guard queue.consume(write) > 0 else { return }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        while true {
            let count = send(fd, base, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            if count >= 0 { return count }
            if errno == EINTR { continue }
            if errno != EAGAIN { failure = errno }
            return -1
        }
    }

    // Both return what libssh2 expects: a count, or minus errno.

    fileprivate func accept(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let failure { return -Int(failure) }
        var rest = bytes
        if queue.isEmpty {
            let sent = write(bytes)
            if let failure { return -Int(failure) }
            if sent > 0 { rest = UnsafeRawBufferPointer(rebasing: bytes[sent...]) }
        }
        queue.append(rest)
        return bytes.count
    }

    fileprivate func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let failure { return -Int(failure) }
        while true {
            let count = recv(fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                lastHeard = monotonicSeconds()
                received += UInt64(count)
                if acknowledgesAtOnce { acknowledge() }
            }
            if count == 0 { failure = ECONNRESET }
            if count >= 0 { return count }
            if errno == EINTR { continue }
            if errno != EAGAIN { failure = errno }
            return -Int(errno)
        }
    }

    /// The kernel may clear the option at any time (tcp(7)), so it is set after every read.
    private func acknowledge() {
        var yes: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_QUICKACK, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A libssh2 session on this transport, which must outlive it.
    func makeSession() -> OpaquePointer? {
        box_ssh2_session(
            Unmanaged.passUnretained(self).toOpaque(),
            { _, buffer, length, _, abstract in
                transport(abstract).receive(UnsafeMutableRawBufferPointer(start: buffer, count: length))
            },
            { _, buffer, length, _, abstract in
                transport(abstract).accept(UnsafeRawBufferPointer(start: buffer, count: length))
            })
    }
}

private func transport(_ abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> SSHTransport {
    Unmanaged<SSHTransport>.fromOpaque(abstract!.pointee!).takeUnretainedValue()
}
