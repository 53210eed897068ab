import Glibc

/// A connection's socket on this machine. Each call carries MSG_DONTWAIT; a socket that was not closed properly is reset when it goes.
final class ForwardSocket {
    private(set) var fd: Int32
    /// The other end; for the server's log.
    let peer: Endpoint

    init(fd: Int32, peer: Endpoint) {
        self.fd = fd
        self.peer = peer
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { reset() }

    /// Begins to connect; nil, with errno, when that fails at once. Else ``connectError()`` tells when the socket is writable.
    static func connecting(to address: SocketAddress) -> ForwardSocket? {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let fd = Glibc.socket(address.family, type, 0)
        guard fd >= 0 else { return nil }
        let socket = ForwardSocket(fd: fd, peer: Endpoint(port: 0))
        let code = address.withPointer { Glibc.connect(fd, $0, $1) }
        if code == 0 || errno == EINPROGRESS || errno == EINTR { return socket }
        let failure = errno
        socket.close()
        errno = failure
        return nil
    }

    /// Why the connection that was begun wasn't made, or 0.
    func connectError() -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// A count, 0 at the end, or -1 with errno.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        recv(fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
    }

    /// A count, or -1 with errno.
    func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        Glibc.send(fd, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    func endWriting() { shutdown(fd, Int32(SHUT_WR)) }

    func close() {
        guard fd >= 0 else { return }
        Glibc.close(fd)
        fd = -1
    }

    /// Closes so that the peer sees a broken connection and no orderly end.
    func reset() {
        guard fd >= 0 else { return }
        var abortive = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}
