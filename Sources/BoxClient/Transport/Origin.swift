import BoxModel

/// The server of a Box API: scheme, host and port, without a path.
public struct Origin: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// An IPv6 address is in brackets.
    public let host: String
    /// The port; nil for the scheme's default.
    public let port: Int?

    /// The hosted service.
    public static let hosted = Origin(scheme: "https", host: "ascii.dev", port: nil)

    private init(scheme: String, host: String, port: Int?) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Accepts `http://HOST[:PORT]` and `https://…`, also with the API's path or a trailing slash.
    ///
    /// - Throws: ``BoxError/invalidOrigin(_:)``, which explains what is valid.
    public init(_ text: String) throws(BoxError) {
        func failure(_ reason: String) -> BoxError {
            .invalidOrigin(
                "invalid API URL \"\(Self.withoutCredentials(text))\": \(reason). Use an origin such as \(Origin.hosted) or http://127.0.0.1:7070"
            )
        }
        guard let range = text.firstRange(of: "://") else { throw failure("it has no http:// or https://") }
        let scheme = text[..<range.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw failure("its scheme is not http or https") }
        var rest = text[range.upperBound...]
        if rest.contains("?") || rest.contains("#") { throw failure("it has a query or a fragment") }
        while rest.last == "/" { rest.removeLast() }
        if rest.hasSuffix(APIPath.prefix) { rest = rest.dropLast(APIPath.prefix.count) }
        while rest.last == "/" { rest.removeLast() }
        if rest.contains("@") { throw failure("it has a user name") }
        if rest.contains("/") { throw failure("it has a path") }
        guard let (host, portText) = Self.split(rest) else { throw failure("its host is not valid") }
        let port = portText.flatMap { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        if portText != nil, !(1...65535).contains(port ?? 0) {
            throw failure("its port is not a number from 1 to 65535")
        }
        self.init(scheme: scheme, host: host.lowercased(), port: port == (scheme == "http" ? 80 : 443) ? nil : port)
    }

    /// The origin as `scheme://host[:port]`.
    public var description: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// Whether the server is on this machine.
    public var isLoopback: Bool { host == "localhost" || host == "[::1]" || Self.isLoopbackIPv4(host) }

    /// Whether the network can't read what is sent: the scheme is https, or the server is on this machine.
    public var isConfidential: Bool { scheme == "https" || isLoopback }

    static func isLoopback(url: String) -> Bool {
        guard let start = url.firstRange(of: "://")?.upperBound else { return false }
        let authority = url[start...].prefix { $0 != "/" }
        guard let (host, _) = split(authority) else { return false }
        return host == "localhost" || host == "[::1]" || isLoopbackIPv4(host)
    }

    private static func isLoopbackIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil && $0.first != "+" }
    }

    private static func split(_ authority: Substring) -> (host: String, port: String?)? {
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let host = String(authority[...close]), rest = authority[authority.index(after: close)...]
            let inner = host.dropFirst().dropLast()
            guard !inner.isEmpty, inner.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            if rest.isEmpty { return (host, nil) }
            return rest.hasPrefix(":") ? (host, String(rest.dropFirst())) : nil
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return nil }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "%") })
        else {
            return nil
        }
        return (String(host), parts.count == 2 ? String(parts[1]) : nil)
    }

    /// A URL in a form to show, without the user name and password.
    public static func withoutCredentials(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return url }
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        return start < at ? url[..<start] + "…" + url[at...] : url
    }
}
