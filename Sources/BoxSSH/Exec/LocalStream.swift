internal import CSSH2
import Glibc

/// What kind of descriptor the caller gave decides how to use it without ever blocking on it and without O_NONBLOCK on
/// it: that flag belongs to the open file, which other processes may share.
struct LocalDescriptor {
    /// Use this one.
    let fd: Int32
    let kind: Kind
    private let isOurs: Bool

    enum Kind {
        /// Opened again through /proc, non-blocking, for us alone.
        case ownPipe
        /// Blocks; so writes are small and follow poll(2).
        case sharedPipe
        /// Each call carries MSG_DONTWAIT.
        case socket
        /// Terminals, files and devices.
        case other
        /// Not open at all.
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
            // Fails for a pipe that another user made (sudo); then the caller's descriptor has to do.
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
    /// Read, but not yet taken by the channel.
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

    /// Reads once; call it after poll(2) said that it is readable.
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
            // An unreadable input (a directory, a terminal that went away) is an empty one, as for ssh.
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
    /// Nobody reads any more; what still comes is dropped.
    private(set) var isGone: Bool
    /// Why, when it wasn't simply closed: a full disk, for example.
    private(set) var failure: Int32?
    /// The caller gave no descriptor that can be written.
    let neverOpen: Bool

    init(_ fd: Int32) {
        descriptor = LocalDescriptor(fd, flags: O_WRONLY)
        // A descriptor that was never open is nobody's loss: OpenSSH puts /dev/null there.
        isGone = descriptor.kind == .closed || fcntl(fd, F_GETFL) & O_ACCMODE == O_RDONLY
        neverOpen = isGone
    }

    deinit { descriptor.closeIfOurs() }

    /// The descriptor to wait on until it is writable; -1 when nothing waits. A reader's end counts only when there is
    /// something to write, as for ssh: a quiet command runs on behind `| head -1`.
    var waitFD: Int32 { isGone || pending.isEmpty ? -1 : descriptor.fd }

    /// Writes what fits without blocking.
    func flush() {
        while !pending.isEmpty, !isGone {
            let count = pending.consume(writeSome)
            if count > 0 {
                // A blocking pipe or terminal takes one piece per poll(2).
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
            // PIPE_BUF: what a pipe that poll(2) calls writable takes in one go. A file never waits for a reader, and a
            // terminal waits for its screen only.
            guard isWritable() else {
                errno = EAGAIN
                return -1
            }
            return write(descriptor.fd, bytes.baseAddress, min(bytes.count, 4096))
        }
    }
}
