import BoxModel

/// What OpenSSH has to know to reach boxes: ssh_config(5).
struct OpenSSHConfig {
    /// The command of this program, with the options that it needs to find the server.
    var program: [String]
    var identity: String
    var knownHosts: String
    /// Boxes with names, the first of a name counts.
    var boxes: [(id: String, name: String)] = []

    static let heading = "# Made by `box ssh-config`; it is written anew each time."

    var text: String {
        var text = "\(Self.heading)\n\nHost bx_*\n\(block(proxyName: "%n"))"
        var seen: Set<String> = []
        for box in boxes {
            guard let host = Self.host(named: box.name), seen.insert(host).inserted else { continue }
            text += "\nHost \(host)\n    HostName \(box.id)\n    HostKeyAlias \(box.id)\n\(block(proxyName: box.id))"
        }
        return text
    }

    /// The box's key is kept under its id in our own file, also when ssh is the first to see it.
    private func block(proxyName: String) -> String {
        let command = program.map { ShellWord.quoted(Self.escaped($0)) }.joined(separator: " ")
        return """
                User user
                ProxyCommand \(command) proxy \(proxyName)
                IdentityFile \(Self.quoted(identity))
                IdentitiesOnly yes
                UserKnownHostsFile \(Self.quoted(knownHosts))
                HashKnownHosts no
                StrictHostKeyChecking accept-new
                UpdateHostKeys no
                ServerAliveInterval 15

            """
    }

    /// `box-` and the name, so that no box takes another host's place; nil when nothing of the name can stay.
    static func host(named name: String) -> String? {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }
        return words.isEmpty ? nil : "box-" + words.joined(separator: "-")
    }

    /// % begins a token.
    private static func escaped(_ word: String) -> String {
        word.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }

    private static func quoted(_ path: String) -> String { "\"\(escaped(path))\"" }

    // MARK: The user's own file

    /// That file with a line that includes ours. It stands first, because what follows a Host belongs to it; nil when it is there.
    static func including(_ path: String, in config: String) -> String? {
        let line = "Include \(quoted(path))"
        if config.split(separator: "\n").contains(where: { $0 == line }) { return nil }
        return line + "\n" + (config.isEmpty ? "" : "\n" + config)
    }

    /// That file without the line; nil when there is none.
    static func excluding(_ path: String, from config: String) -> String? {
        let line = "Include \(quoted(path))"
        guard config.split(separator: "\n").contains(where: { $0 == line }) else { return nil }
        if config == line + "\n" { return "" }
        if config.hasPrefix(line + "\n\n") { return String(config.dropFirst(line.count + 2)) }
        return config.split(separator: "\n", omittingEmptySubsequences: false).filter { $0 != line }.joined(
            separator: "\n")
    }
}
