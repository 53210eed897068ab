import Glibc

/// Where this user's files are.
struct Paths: Sendable, Equatable {
    let home: String
    /// `config.json` and the known host keys.
    let configFolder: String
    /// What may be lost without harm.
    let stateFolder: String

    init(environment: [String: String]) {
        home = Self.absolute(environment["HOME"]) ?? Self.accountHome() ?? "/"
        configFolder = (Self.absolute(environment["XDG_CONFIG_HOME"]) ?? home + "/.config") + "/ascii/box"
        stateFolder = (Self.absolute(environment["XDG_STATE_HOME"]) ?? home + "/.local/state") + "/ascii/box"
    }

    var config: String { configFolder + "/config.json" }
    /// Beside the configuration: OpenSSH's format, with box ids as names.
    var knownHosts: String { configFolder + "/known_hosts" }
    /// What `box ssh-config` makes for OpenSSH.
    var sshConfig: String { configFolder + "/ssh_config" }

    /// The XDG specification has relative paths ignored.
    private static func absolute(_ path: String?) -> String? {
        guard var path, path.hasPrefix("/") else { return nil }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func accountHome() -> String? {
        guard let account = getpwuid(getuid()), let folder = account.pointee.pw_dir else { return nil }
        return String(cString: folder)
    }
}
