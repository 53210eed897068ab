internal import CSSH2
import Glibc

/// A local descriptor and the way to use it without blocking.
///
/// The way depends on the kind of descriptor. O_NONBLOCK isn't set on the caller's descriptor, because that flag
/// belongs to the open file, which other processes may share.
struct LocalDescriptor {
    /// The descriptor to use.
    let fd: Int32
    let kind: Kind
    private let isOurs: Bool

    enum Kind {
        /// Opened again through /proc, non-blocking, for this process only.
        case ownPipe
        /// Blocking, so writes are small and follow poll(2).
        case sharedPipe
        /// Each call passes MSG_DONTWAIT.
        case socket
        /// Terminals, files and devices.
        case other
        /// Not open.
        case closed
    }

    init(_ given: Int32, flags: Int32) {
        var info = stat()
        guard given >= 0, fstat(given, &info) == 0 else {
            (fd, kind, isOurs) = (-1, .closed, false)
            return
        }
        switch info.st_mode & S_IFMT {
        case S_IFSOCK:
            (fd, kind, isOurs) = (given, .socket, false)
        case S_IFIFO:
            // Fails for a pipe of another user (sudo); then the caller's descriptor is used.
            let own = open("/proc/self/fd/\(given)", flags | O_NONBLOCK | O_CLOEXEC)
            (fd, kind, isOurs) = own >= 0 ? (own, .ownPipe, true) : (given, .sharedPipe, false)
        default:
            (fd, kind, isOurs) = (given, .other, false)
        }
    }

    func closeIfOurs() { if isOurs { close(fd) } }
}

/// The local end of the remote standard input.
final class LocalInput {
    private let descriptor: LocalDescriptor
    private(set) var isAtEnd: Bool
    /// Read, but not yet sent to the channel.
    var pending = ByteQueue()
    private var escape: EscapeSequence?
    private(set) var sawEndSequence = false

    init(_ fd: Int32, escapes: Bool) {
        descriptor = LocalDescriptor(fd, flags: O_RDONLY)
        isAtEnd = descriptor.kind == .closed
        escape = escapes ? EscapeSequence() : nil
    }

    deinit { descriptor.closeIfOurs() }

    /// The descriptor to wait on; -1 when there is nothing to wait for.
    var waitFD: Int32 { isAtEnd || !pending.isEmpty ? -1 : descriptor.fd }

    /// Reads once. Call it after poll(2) has reported the descriptor readable.
    func read() {
        guard !isAtEnd, pending.isEmpty else { return }
        let count = pending.fill(limit: 128 * 1024) { buffer in
            if descriptor.kind == .socket {
                return recv(descriptor.fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            }
            return Glibc.read(descriptor.fd, buffer.baseAddress, buffer.count)
        }
        if count > 0 {
            filterEscapes()
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            // An unreadable input (a directory, a terminal that was closed) counts as empty, as for ssh.
            isAtEnd = true
        }
    }

    private func filterEscapes() {
        guard escape != nil else { return }
        var typed: [UInt8] = []
        _ = pending.consume { bytes in
            typed = Array(bytes)
            return bytes.count
        }
        let result = escape!.filter(typed)
        result.bytes.withUnsafeBytes { pending.append($0) }
        if result.ends { sawEndSequence = true }
    }
}

/// The local end of a remote output.
final class LocalOutput {
    private let descriptor: LocalDescriptor
    var pending = ByteQueue()
    /// The reader has closed it; further bytes are dropped.
    private(set) var isGone: Bool
    /// The errno when it failed for another reason than a closed reader, such as a full disk.
    private(set) var failure: Int32?
    /// The caller gave no descriptor that can be written.
    let neverOpen: Bool

    init(_ fd: Int32) {
        descriptor = LocalDescriptor(fd, flags: O_WRONLY)
        // Output to a descriptor that was never open can be dropped: OpenSSH opens /dev/null instead.
        isGone = descriptor.kind == .closed || fcntl(fd, F_GETFL) & O_ACCMODE == O_RDONLY
        neverOpen = isGone
    }

    deinit { descriptor.closeIfOurs() }

    /// The descriptor to wait on until it is writable; -1 when no bytes wait. A closed reader is noticed only when
    /// there is something to write, as for ssh: a quiet command keeps running behind `| head -1`.
    var waitFD: Int32 { isGone || pending.isEmpty ? -1 : descriptor.fd }

    /// Writes what fits without blocking.
    func flush() {
        while !pending.isEmpty, !isGone {
            let count = pending.consume(writeSome)
            if count > 0 {
                // Check again before the next piece, since a blocking pipe or terminal may be full now.
                if descriptor.kind == .sharedPipe || descriptor.kind == .other, !pending.isEmpty {
                    if !isWritable() { return }
                }
                continue
            }
            if errno == EAGAIN { return }
            if errno == EINTR { continue }
            if errno != EPIPE && errno != ECONNRESET && errno != EIO { failure = errno }
            isGone = true
        }
        if isGone { pending.removeAll() }
    }

    private func isWritable() -> Bool {
        var ready = pollfd(fd: descriptor.fd, events: Int16(POLLOUT), revents: 0)
        return poll(&ready, 1, 0) > 0
    }

    private func writeSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch descriptor.kind {
        case .ownPipe:
            return write(descriptor.fd, bytes.baseAddress, bytes.count)
        case .socket:
            return send(descriptor.fd, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        case .sharedPipe, .other, .closed:
            // PIPE_BUF: a pipe that poll(2) reports writable accepts this much without blocking. A file never waits for
            // a reader, and a terminal waits only for its screen.
            guard isWritable() else {
                errno = EAGAIN
                return -1
            }
            return write(descriptor.fd, bytes.baseAddress, min(bytes.count, 4096))
        }
    }
}
