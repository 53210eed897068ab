import Glibc
import Synchronization
import Testing

@testable import BoxSSH

/// A TCP server on loopback with a thread per connection. It closes a connection when the handler returns.
final class TCPService: Sendable {
    let port: UInt16
    private let listener: Int32
    private let acceptor: Worker<Void>
    private let handlers: Handlers

    private final class Handlers: Sendable {
        let workers = Mutex<[Worker<Void>]>([])
        let served = Mutex(0)
    }

    init(host: String = "127.0.0.1", port: UInt16 = 0, _ handle: @escaping @Sendable (Int32) -> Void) throws {
        let family = host.contains(":") ? AF_INET6 : AF_INET
        let listener = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var (v4, v6) = (sockaddr_in(), sockaddr_in6())
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        v4.sin_port = port.bigEndian
        v6.sin6_family = sa_family_t(AF_INET6)
        inet_pton(AF_INET6, "::1", &v6.sin6_addr)
        v6.sin6_port = port.bigEndian
        let bound =
            family == AF_INET
            ? bindAndName(listener, &v4) : bindAndName(listener, &v6)
        try #require(bound && listen(listener, 512) == 0, "can't listen on \(host)")
        let handlers = Handlers()
        self.handlers = handlers
        self.listener = listener
        self.port = UInt16(bigEndian: family == AF_INET ? v4.sin_port : v6.sin6_port)
        acceptor = Worker {
            while true {
                let fd = accept(listener, nil, nil)
                if fd < 0, errno == EMFILE {
                    usleep(10_000)
                    continue
                }
                guard fd >= 0 else { return }
                _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
                let worker = Worker {
                    handle(fd)
                    close(fd)
                    handlers.served.withLock { $0 += 1 }
                }
                handlers.workers.withLock { $0.append(worker) }
            }
        }
    }

    /// The number of connections whose handlers have returned.
    var served: Int { handlers.served.withLock { $0 } }

    /// Waits until every connection has ended.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        acceptor.join()
        close(listener)
        for worker in handlers.workers.withLock({ $0 }) { worker.join() }
    }
}

private func bindAndName<Address>(_ fd: Int32, _ address: inout Address) -> Bool {
    var length = socklen_t(MemoryLayout<Address>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(fd, $0, length) == 0 && getsockname(fd, $0, &length) == 0
        }
    }
}

/// Connects to a loopback port. Reads and writes block for at most ten seconds.
func dial(_ port: UInt16, receiveBuffer: Int32? = nil) -> Int32 {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    if connected { return fd }
    close(fd)
    return -1
}

/// Writes all bytes, shuts down writing, and reads up to the other side's end.
func exchange(_ bytes: [UInt8], with port: UInt16) -> [UInt8] {
    let fd = dial(port)
    defer { close(fd) }
    let writer = Worker {
        bytes.withUnsafeBytes { writeEverything(fd, $0) }
        shutdown(fd, Int32(SHUT_WR))
    }
    let answer = readEverything(fd)
    writer.join()
    return answer
}

/// Sends received bytes back.
@Sendable func echo(_ fd: Int32) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(fd, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        buffer[..<count].withUnsafeBytes { writeEverything(fd, $0) }
    }
}

/// The number of this process's open descriptors; 0 when none is left for counting.
func descriptorCount() -> Int { names(in: "/proc/self/fd").count }
