internal import CSSH2
import Glibc

/// The host and port to connect to, and how messages name them.
protocol TCPTarget {
    var boxID: String { get }
    var host: String { get }
    var port: UInt16 { get }
}

extension TCPTarget {
    /// How a message names the target.
    var place: String { "\(boxID) at \(displayText(host.utf8)) port \(port)" }
    var nextStep: String { "run `box info \(boxID)` to see its state" }
}

extension SSHTarget: TCPTarget {}

/// Opens TCP connections with a time limit.
enum TCPConnect {
    /// Returns a connected, non-blocking socket. It tries every address of the host in the resolver's order.
    ///
    /// The deadline doesn't limit name resolution, which has the resolver's own limits. Box addresses are numeric and
    /// need no lookup.
    static func open(_ target: some TCPTarget, until deadline: Double) throws(SSHError) -> Int32 {
        let found = SocketAddress.resolve(Endpoint(host: target.host, port: target.port))
        var failure = SSHError(
            .unknownHost,
            "can't find the host \(displayText(target.host.utf8)) of \(target.boxID): \(found.failure); \(target.nextStep)"
        )
        for address in found.addresses {
            do {
                return try open(address, target, until: deadline)
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func open(_ address: SocketAddress, _ target: some TCPTarget, until deadline: Double)
        throws(SSHError)
        -> Int32
    {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let fd = socket(address.family, type, 0)
        guard fd >= 0 else { throw failed(errno, target) }
        var connected = false
        defer { if !connected { close(fd) } }
        var yes: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        if address.withPointer({ connect(fd, $0, $1) }) != 0 {
            guard errno == EINPROGRESS || errno == EINTR else { throw failed(errno, target) }
            var waiting = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            while true {
                let left = deadline - monotonicSeconds()
                guard left > 0 else { throw failed(ETIMEDOUT, target) }
                let ready = poll(&waiting, 1, Int32(min(left * 1000 + 1, 60_000)))
                if ready > 0 { break }
                guard ready == 0 || errno == EINTR else { throw failed(errno, target) }
            }
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length)
            guard code == 0 else { throw failed(code, target) }
        }
        connected = true
        return fd
    }

    private static func failed(_ code: Int32, _ target: some TCPTarget) -> SSHError {
        let kind: SSHError.Kind
        switch code {
        case ECONNREFUSED: kind = .connectionRefused
        case ETIMEDOUT: kind = .timedOut
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL: kind = .unreachable
        case ECONNRESET, ECONNABORTED: kind = .connectionLost
        default: kind = .localFailure(errno: code)
        }
        return SSHError(kind, "can't connect to \(target.place): \(errorText(code)); \(target.nextStep)")
    }
}
