import Glibc

/// A connection's local socket. Each call passes MSG_DONTWAIT. A socket that wasn't closed is reset at deinit.
final class ForwardSocket {
    private(set) var fd: Int32
    /// The other end, for the server's log.
    let peer: Endpoint

    init(fd: Int32, peer: Endpoint) {
        self.fd = fd
        self.peer = peer
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { reset() }

    /// Starts to connect; nil, with errno, when that fails immediately. Otherwise ``connectError()`` has the result
    /// once the socket is writable.
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

    /// The errno of a connect that failed, or 0.
    func connectError() -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// Returns a count, 0 at the end, or -1 with errno.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        recv(fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
    }

    /// Returns a count, or -1 with errno.
    func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        Glibc.send(fd, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    func endWriting() { shutdown(fd, Int32(SHUT_WR)) }

    func close() {
        guard fd >= 0 else { return }
        Glibc.close(fd)
        fd = -1
    }

    /// Closes so that the peer sees a reset and not an orderly end.
    func reset() {
        guard fd >= 0 else { return }
        var abortive = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}
