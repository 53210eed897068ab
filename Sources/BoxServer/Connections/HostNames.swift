import BoxModel
import BoxStore
import Glibc
import HTTPTypes

/// The names by which clients may address this server.
///
/// A web page can make its own name resolve to 127.0.0.1 (DNS rebinding). The browser then sends the page's requests to
/// this server, with the page's name in `Host`, and gives the page the responses. So a server on loopback accepts only
/// loopback names and the configured ones.
public struct HostNames: Sendable, Equatable {
    /// Nil to accept any name.
    private let names: Set<String>?

    /// - Parameters:
    ///   - host: the address the server listens on. If it isn't loopback and `names` is empty, any name is accepted.
    ///   - names: further names. A port in them is ignored.
    public init(listeningOn host: String, names: [String]) {
        let isLoopback = Self.isLoopback(Self.name(ofAuthority: host))
        self.names = isLoopback || !names.isEmpty ? Set((names + [host]).map { Self.name(ofAuthority: $0) }) : nil
    }

    /// - Throws: ``APIError`` 400 when there isn't exactly one name, 421 when it is another server's.
    func check(_ request: HTTPRequest) throws {
        guard let names else { return }
        // The decoder makes the first Host field the authority and keeps further ones as fields.
        guard let authority = request.authority, !authority.isEmpty, request.headerFields[Self.field] == nil else {
            throw APIError(.invalidRequest, "the request has to have one Host: name this server in it")
        }
        let name = Self.name(ofAuthority: authority)
        guard !names.contains(name), !Self.isLoopback(name) else { return }
        let shown = String(name.prefix(100))
        throw APIError(
            .misdirectedRequest,
            "this server isn't called \"\(shown)\": use localhost or 127.0.0.1, or start boxd with --host \(shown) where a proxy "
                + "passes that name on")
    }

    private static let field = HTTPField.Name("Host")!

    /// The name or address of `NAME`, `NAME:PORT` or `[ADDRESS]:PORT`.
    static func name(ofAuthority authority: String) -> String {
        var name = authority.lowercased()[...]
        if name.first == "[", let end = name.firstIndex(of: "]") {
            name = name[name.index(after: name.startIndex)..<end]
        } else if name.count(where: { $0 == ":" }) == 1, let colon = name.firstIndex(of: ":") {
            name = name[..<colon]
        }
        return String(name.last == "." ? name.dropLast() : name)
    }

    /// Whether a name or address always means the local machine: RFC 6761, section 6.3; RFC 1122, section 3.2.1.3.
    public static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" { return true }
        if name.hasSuffix(".localhost") { return ServerForm.isHost(name) }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, name, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        guard inet_pton(AF_INET6, name, &six) == 1 else { return false }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return isMapped ? bytes[12] == 127 : bytes == Array(repeating: 0, count: 15) + [1]
    }
}
