import Glibc

/// The paths of this user's files.
struct Paths: Sendable, Equatable {
    let home: String
    /// The directory below which ``configDirectory`` may be created: the home directory, or the parent of
    /// XDG_CONFIG_HOME.
    let base: String
    /// The directory of `config.json` and the known host keys.
    let configDirectory: String
    /// The directory of files that may be lost without harm.
    let stateDirectory: String
    /// The directory below which ``stateDirectory`` may be created.
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
    /// Beside the configuration, in OpenSSH's format, with box ids as host names.
    var knownHosts: String { configDirectory + "/known_hosts" }
    /// The configuration that `box ssh-config` writes for OpenSSH.
    var sshConfig: String { configDirectory + "/ssh_config" }

    /// The XDG specification requires that relative paths be ignored.
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
