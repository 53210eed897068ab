import BoxSSH

/// A forward as one word: `PORT`, `LOCAL:REMOTE`, `LOCAL:HOST:REMOTE`, `BIND:LOCAL:REMOTE` or
/// `BIND:LOCAL:HOST:REMOTE`, with IPv6 addresses in brackets, as for `ssh -L`.
enum ForwardOperand {
    static let forms = "[BIND:]LOCAL:[HOST:]REMOTE, such as 8080:3000, with IPv6 addresses in brackets"

    /// - Parameter bind: the address to listen on when the word has none.
    /// - Returns: nil when the word has another form.
    static func parse(_ word: String, bind: String) -> PortForward? {
        guard let parts = parts(of: word[...]) else { return nil }
        // A number in front is a port, so that what follows it is a host.
        let startsWithPort = parts.first.flatMap(port) != nil
        let (localHost, remoteHost): (String, String)
        switch (parts.count, startsWithPort) {
        case (1, true):
            guard let port = remotePort(parts[0]) else { return nil }
            return PortForward(local: ForwardEndpoint(host: bind, port: port), remote: ForwardEndpoint(port: port))
        case (2, true): (localHost, remoteHost) = (bind, ForwardEndpoint.loopback)
        case (3, true): (localHost, remoteHost) = (bind, parts[1])
        case (3, false): (localHost, remoteHost) = (parts[0], ForwardEndpoint.loopback)
        case (4, false): (localHost, remoteHost) = (parts[0], parts[2])
        default: return nil
        }
        let localPort = parts[startsWithPort ? 0 : 1]
        guard let local = port(localPort), let remote = remotePort(parts[parts.count - 1]) else { return nil }
        guard isHost(localHost), isHost(remoteHost) else { return nil }
        return PortForward(
            local: ForwardEndpoint(host: localHost, port: local),
            remote: ForwardEndpoint(host: remoteHost, port: remote))
    }

    private static func port(_ text: String) -> UInt16? { text.first == "+" ? nil : UInt16(text) }
    private static func remotePort(_ text: String) -> UInt16? { port(text).flatMap { $0 > 0 ? $0 : nil } }

    /// A name or an address, and no mere number.
    static func isHost(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253, text.contains(where: { !$0.isNumber }) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: ".:-_%".utf8.contains(byte)
            }
        }
    }

    /// What is between the colons; those inside brackets don't count, and the brackets go.
    private static func parts(of word: Substring) -> [String]? {
        guard word.first == "[" else {
            guard let colon = word.firstIndex(of: ":") else { return [String(word)] }
            guard let rest = parts(of: word[word.index(after: colon)...]) else { return nil }
            return [String(word[..<colon])] + rest
        }
        guard let end = word.firstIndex(of: "]") else { return nil }
        let address = String(word[word.index(after: word.startIndex)..<end])
        let rest = word[word.index(after: end)...]
        if rest.isEmpty { return [address] }
        guard rest.first == ":", let others = parts(of: rest.dropFirst()) else { return nil }
        return [address] + others
    }
}
