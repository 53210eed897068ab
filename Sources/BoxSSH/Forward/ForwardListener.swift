import Glibc

/// A local listening socket, and the forward that its connections belong to.
final class ForwardListener {
    /// The forward, with the address and port that the system assigned.
    let forward: PortForward
    let fd: Int32

    /// Connections that the kernel queues while there is no connection to the box, or no free descriptor.
    private static let backlog: Int32 = 512

    private init(_ forward: PortForward, _ fd: Int32) { (self.forward, self.fd) = (forward, fd) }

    /// Opens the sockets of a forward. On `localhost` there is one for each loopback address, because browsers try
    /// both. The first one, on 127.0.0.1, gives the forward its port. A machine without ::1 has no second one.
    static func open(_ wanted: PortForward) throws(SSHError) -> [ForwardListener] {
        guard wanted.local.host == Endpoint.localhost else { return [try open(wanted, at: wanted.local)] }
        var tries = 0
        while true {
            tries += 1
            let endpoint = Endpoint(host: Endpoint.loopback, port: wanted.local.port)
            let first = try open(wanted, at: endpoint)
            let twin = Endpoint(host: "::1", port: first.forward.local.port)
            let (fd, code) = SocketAddress.resolve(twin, flags: AI_NUMERICHOST).addresses.first.map(listen) ?? (-1, 0)
            if fd >= 0 { return [first, ForwardListener(first.forward, fd)] }
            guard code == EADDRINUSE else { return [first] }
            // The port belongs to another program on ::1, which clients of localhost could reach instead.
            guard wanted.local.port == 0, tries < 10 else { throw failed(code, twin) }
        }
    }

    private static func open(_ wanted: PortForward, at local: Endpoint) throws(SSHError) -> ForwardListener {
        let (fd, code) = listen(on: try resolve(local))
        guard fd >= 0 else { throw failed(code, local) }
        let bound = endpoint { getsockname(fd, $0, $1) }
        return ForwardListener(PortForward(wanted.direction, local: bound ?? local, remote: wanted.remote), fd)
    }

    /// A listening descriptor, or -1 and the errno.
    private static func listen(on address: SocketAddress) -> (fd: Int32, code: Int32) {
        let fd = socket(address.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return (-1, errno) }
        var yes: Int32 = 1
        // Recently closed connections don't hold the port; another listener does.
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard address.withPointer({ bind(fd, $0, $1) }) == 0, Glibc.listen(fd, backlog) == 0 else {
            let code = errno
            close(fd)
            return (-1, code)
        }
        _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
        return (fd, 0)
    }

    deinit { close(fd) }

    enum Accepted {
        case connection(ForwardSocket)
        case nothing
        /// The process or the system has no free descriptor.
        case noDescriptor
    }

    func accept() -> Accepted {
        while true {
            var fd: Int32 = -1
            let peer = Self.endpoint { address, length in
                fd = Glibc.accept(self.fd, address, length)
                return fd < 0 ? -1 : 0
            }
            if fd >= 0 { return .connection(ForwardSocket(fd: fd, peer: peer ?? Endpoint(port: 0))) }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .noDescriptor
            default: return .nothing
            }
        }
    }

    // MARK: Addresses

    private static func resolve(_ local: Endpoint) throws(SSHError) -> SocketAddress {
        let found = SocketAddress.resolve(local, flags: AI_PASSIVE)
        guard let first = found.addresses.first else {
            throw SSHError(
                .portUnavailable,
                "can't listen on \(displayText(local.host.utf8)): \(found.failure); "
                    + "name an address of this machine")
        }
        return first
    }

    /// The numeric address that `ask` stores; nil when `ask` fails.
    private static func endpoint(
        _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Endpoint? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard ask(address, &length) == 0 else { return nil }
                var host = [CChar](repeating: 0, count: 64)
                var port = [CChar](repeating: 0, count: 8)
                let code = getnameinfo(
                    address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                    Int32(NI_NUMERICHOST) | Int32(NI_NUMERICSERV))
                guard code == 0, let number = UInt16(text(port)) else { return nil }
                return Endpoint(host: text(host), port: number)
            }
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func failed(_ code: Int32, _ local: Endpoint) -> SSHError {
        let reason: String
        switch code {
        case EADDRINUSE:
            reason =
                "port \(local.port) of \(local.host) is taken here; choose another"
        case EACCES, EPERM:
            reason = "port \(local.port) needs root here; choose one from 1024 on"
        case EADDRNOTAVAIL:
            reason = "\(local.host) is no address of this machine; listen on one that is"
        default:
            reason = "can't listen on \(local): \(errorText(code))"
        }
        return SSHError(.portUnavailable, reason)
    }
}
