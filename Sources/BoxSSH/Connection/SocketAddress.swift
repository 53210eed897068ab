import Glibc

/// A socket address and port in the kernel's form, stored as bytes.
struct SocketAddress: Sendable {
    let family: Int32
    private let bytes: [UInt8]

    /// The addresses of an endpoint, in the resolver's order.
    ///
    /// - Parameter flags: for getaddrinfo(3). The port is always numeric.
    /// - Returns: the addresses, or none and the resolver's reason.
    static func resolve(_ endpoint: Endpoint, flags: Int32 = 0) -> (addresses: [SocketAddress], failure: String) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | flags
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found)
        guard code == 0, let found else { return ([], String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(found) }
        let addresses = sequence(first: found, next: \.pointee.ai_next).map { SocketAddress($0.pointee) }
        return (addresses, "")
    }

    private init(_ info: addrinfo) {
        family = info.ai_family
        bytes = Array(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    }

    func withPointer<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        bytes.withUnsafeBytes { body($0.assumingMemoryBound(to: sockaddr.self).baseAddress!, socklen_t($0.count)) }
    }
}
