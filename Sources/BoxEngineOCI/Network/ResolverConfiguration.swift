import Glibc

/// The parts of a host's `resolv.conf` that boxes can use.
///
/// Lines are parsed as by glibc (resolv.conf(5)): a keyword at the start of the line, blanks, values. Keywords that
/// glibc doesn't support, comments and name servers after the third are ignored.
struct ResolverConfiguration: Sendable, Equatable {
    /// The IPv4 name servers to which boxes' queries can be sent, in the order in which the host queries them.
    private(set) var nameServers: [String] = []
    /// The name servers to which boxes' queries can't be sent: IPv6 ones, and systemd-resolved's stub.
    private(set) var unusable: [String] = []
    /// The `search`, `domain` and `options` lines, without comments and extra blanks.
    private(set) var otherLines: [String] = []

    /// Why boxes can't resolve names; nil when they can.
    var problem: HostProblem? {
        guard nameServers.isEmpty else { return nil }
        let named = unusable.joined(separator: ", ")
        return HostProblem(
            what: named.isEmpty
                ? "boxes can't resolve names, because this host has no name server"
                : "boxes can't resolve names, because they reach name servers over IPv4 and this host names \(named) only",
            remedy: "add a name server with an IPv4 address to /etc/resolv.conf; running boxes follow it at once")
    }

    /// Addresses of systemd-resolved's stub, which answers only queries over the loopback interface itself.
    static let stubs: Set<String> = ["127.0.0.53", "127.0.0.54"]
    /// glibc's MAXNS.
    private static let mostNameServers = 3

    /// - Parameters:
    ///   - text: the host's `/etc/resolv.conf`.
    ///   - upstreams: systemd-resolved's own list of name servers. It is used when `text` names only the stub.
    init(_ text: String, upstreams: String = "") {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let keyword = words.first, line.hasPrefix(keyword), words.count > 1 else { continue }
            switch keyword {
            case "nameserver": insert(words[1])
            case "search", "domain", "options":
                let values = words.dropFirst().prefix { !$0.hasPrefix("#") && !$0.hasPrefix(";") }
                if !values.isEmpty { otherLines.append(([keyword] + values).joined(separator: " ")) }
            default: break
            }
        }
        if nameServers.isEmpty, unusable.contains(where: Self.stubs.contains) {
            let own = ResolverConfiguration(upstreams)
            nameServers = own.nameServers
            unusable += own.unusable
        }
    }

    private mutating func insert(_ server: String) {
        guard nameServers.count + unusable.count < Self.mostNameServers else { return }
        var address = in_addr()
        guard inet_pton(AF_INET, server, &address) == 1, !Self.stubs.contains(server) else {
            return unusable.append(server)
        }
        // For the host's own programs, the unspecified address means the host itself.
        let reachable = address.s_addr == 0 ? "127.0.0.1" : server
        if !nameServers.contains(reachable) { nameServers.append(reachable) }
    }

    /// A box's first `/etc/resolv.conf`.
    ///
    /// - Parameter addresses: where the host answers boxes' queries (``Subnet/resolverAddresses``).
    func text(nameServers addresses: [String]) -> String {
        (addresses.map { "nameserver \($0)" } + otherLines).map { $0 + "\n" }.joined()
    }
}
