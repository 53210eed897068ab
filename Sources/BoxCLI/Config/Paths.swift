import Glibc

/// Where this user's files are.
struct Paths: Sendable, Equatable {
    let home: String
    /// What ``configDirectory`` may be made below: the home directory, or XDG_CONFIG_HOME.
    let base: String
    /// `config.json` and the known host keys.
    let configDirectory: String
    /// What may be lost without harm.
    let stateDirectory: String
    /// What ``stateDirectory`` may be made below.
    let stateBase: String

    init(environment: [String: String]) {
        home = Self.absolute(environment["HOME"]) ?? Self.accountHome() ?? "/"
        let config = Self.absolute(environment["XDG_CONFIG_HOME"])
        base = config.flatMap(Files.parent) ?? home
        configDirectory = (config ?? home + "/.config") + "/ascii/box"
        let state = Self.absolute(environment["XDG_STATE_HOME"])
        stateBase = state.flatMap(Files.parent) ?? home
        stateDirectory = (state ?? home + "/.local/state") + "/ascii/box"
    }

    var config: String { configDirectory + "/config.json" }
    /// Beside the configuration: OpenSSH's format, with box ids as names.
    var knownHosts: String { configDirectory + "/known_hosts" }
    /// What `box ssh-config` makes for OpenSSH.
    var sshConfig: String { configDirectory + "/ssh_config" }

    /// The XDG specification has relative paths ignored.
    private static func absolute(_ path: String?) -> String? {
        guard var path, path.hasPrefix("/") else { return nil }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func accountHome() -> String? {
        guard let account = getpwuid(getuid()), let directory = account.pointee.pw_dir else { return nil }
        return String(cString: directory)
    }
}
