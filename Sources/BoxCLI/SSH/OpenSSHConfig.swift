import BoxModel

/// The configuration that OpenSSH needs to reach boxes: ssh_config(5).
struct OpenSSHConfig {
    /// The command of this program, with the options for finding the server.
    var program: [String]
    /// Options after the word `proxy`.
    var proxyOptions: [String] = []
    var identity: String
    var knownHosts: String
    /// Boxes with names. Of several with one name, the first is used.
    var boxes: [(id: String, name: String)] = []

    static let heading = "# Made by `box ssh-config`; it is written anew each time."

    var text: String {
        var text = "\(Self.heading)\n\nHost bx_*\n\(block(proxyName: "%n"))"
        var seen: Set<String> = []
        for box in boxes where ServerForm.isID(box.id) {
            guard let host = Self.host(named: box.name), seen.insert(host).inserted else { continue }
            text += "\nHost \(host)\n    HostName \(box.id)\n    HostKeyAlias \(box.id)\n\(block(proxyName: box.id))"
        }
        return text
    }

    /// The options of a host. The box's key is stored under its id in our own file, even if ssh connects first.
    private func block(proxyName: String) -> String {
        let words = (program + ["proxy"] + proxyOptions).map { ShellWord.quoted(Self.escaped($0)) }
        let command = words.joined(separator: " ")
        return """
                User user
                ProxyCommand \(command) \(proxyName)
                IdentityFile \(Self.quoted(identity))
                IdentitiesOnly yes
                UserKnownHostsFile \(Self.quoted(knownHosts))
                HashKnownHosts no
                StrictHostKeyChecking accept-new
                UpdateHostKeys no
                ServerAliveInterval 15

            """
    }

    /// The host name of a box: `box-` and its name, so that it can't hide another host. Nil when no valid character is
    /// left.
    static func host(named name: String) -> String? {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }
        return words.isEmpty ? nil : "box-" + words.joined(separator: "-")
    }

    /// Escapes %, which starts a token.
    private static func escaped(_ word: String) -> String {
        word.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }

    private static func quoted(_ path: String) -> String { inQuotes(escaped(path)) }

    /// Quotes a word by the rules of ssh (misc.c, argv_split).
    private static func inQuotes(_ text: String) -> String {
        "\"" + text.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    /// Include takes a pattern. Versions differ in whether % starts a token there, so `?`, which matches any character,
    /// replaces it.
    private static func includeLine(_ path: String) -> String {
        let pattern = path.map { character in
            switch character {
            case "%": "?"
            case "*", "?", "[", "]", "\\": "\\\(character)"
            default: String(character)
            }
        }
        return "Include " + inQuotes(pattern.joined())
    }

    // MARK: The user's own file

    /// The user's file with a line that includes ours; nil when it is there. The line comes first, because lines after
    /// a Host belong to it.
    static func including(_ path: String, in config: String) -> String? {
        let line = includeLine(path)
        if config.split(separator: "\n").contains(where: { $0 == line }) { return nil }
        return line + "\n" + (config.isEmpty ? "" : "\n" + config)
    }

    /// The user's file without the line; nil when there is none.
    static func excluding(_ path: String, from config: String) -> String? {
        let line = includeLine(path)
        guard config.split(separator: "\n").contains(where: { $0 == line }) else { return nil }
        if config == line + "\n" { return "" }
        if config.hasPrefix(line + "\n\n") { return String(config.dropFirst(line.count + 2)) }
        return config.split(separator: "\n", omittingEmptySubsequences: false).filter { $0 != line }.joined(
            separator: "\n")
    }
}
