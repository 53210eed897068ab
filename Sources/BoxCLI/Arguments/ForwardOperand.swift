import BoxSSH

/// Parses a forward that is one word, as for `ssh -L` and `ssh -R`.
///
/// The forms are `PORT`, `LOCAL:REMOTE`, `LOCAL:HOST:REMOTE`, `BIND:LOCAL:REMOTE` and `BIND:LOCAL:HOST:REMOTE`, with
/// IPv6 addresses in brackets.
enum ForwardOperand {
    static let forms = "[BIND:]LOCAL:[HOST:]REMOTE, such as 8080:3000, with IPv6 addresses in brackets"
    static let reverseForms = "[BIND:]REMOTE:[HOST:]LOCAL, such as 8080:3000, with IPv6 addresses in brackets"
    static let askedForm = "[BIND:]PORT, such as 1080, with IPv6 addresses in brackets"

    /// Parses a local or remote forward. The end that is named first listens.
    ///
    /// - Parameter bind: the address to listen on when the word has none.
    /// - Returns: nil when the word has another form.
    static func parse(_ word: String, _ direction: PortForward.Direction = .local, bind: String) -> PortForward? {
        guard let (listening, destination) = ends(of: word, bind: bind) else { return nil }
        return direction == .remote
            ? PortForward(.remote, local: destination, remote: listening)
            : PortForward(direction, local: listening, remote: destination)
    }

    /// Parses a dynamic forward, whose clients name their destinations: `PORT` or `BIND:PORT`.
    static func parseAsked(_ word: String, bind: String) -> PortForward? {
        guard let parts = parts(of: word[...]), let port = parts.last.flatMap(port), parts.count <= 2 else {
            return nil
        }
        let host = parts.count == 2 ? parts[0] : bind
        guard isHost(host) else { return nil }
        return PortForward(.dynamic, local: Endpoint(host: host, port: port), remote: Endpoint(port: 0))
    }

    private static func ends(of word: String, bind: String) -> (
        listening: Endpoint, destination: Endpoint
    )? {
        guard let parts = parts(of: word[...]) else { return nil }
        // A leading number is a port, so the next part is a host.
        let startsWithPort = parts.first.flatMap(port) != nil
        let (listeningHost, host): (String, String)
        switch (parts.count, startsWithPort) {
        case (1, true):
            guard let port = usedPort(parts[0]) else { return nil }
            return (Endpoint(host: bind, port: port), Endpoint(port: port))
        case (2, true): (listeningHost, host) = (bind, Endpoint.loopback)
        case (3, true): (listeningHost, host) = (bind, parts[1])
        case (3, false): (listeningHost, host) = (parts[0], Endpoint.loopback)
        case (4, false): (listeningHost, host) = (parts[0], parts[2])
        default: return nil
        }
        guard let listening = port(parts[startsWithPort ? 0 : 1]), let used = usedPort(parts[parts.count - 1]),
            isHost(listeningHost), isHost(host)
        else { return nil }
        return (Endpoint(host: listeningHost, port: listening), Endpoint(host: host, port: used))
    }

    private static func port(_ text: String) -> UInt16? { text.first == "+" ? nil : UInt16(text) }
    private static func usedPort(_ text: String) -> UInt16? { port(text).flatMap { $0 > 0 ? $0 : nil } }

    /// Whether it is a name or an address, and not just a number.
    static func isHost(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253, text.contains(where: { !$0.isNumber }) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: ".:-_%".utf8.contains(byte)
            }
        }
    }

    /// Splits a word at its colons. Colons inside brackets don't count, and the brackets are removed.
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
