import BoxClient
import BoxSystem
import Glibc

/// The paths of this run's private key and known host keys.
struct SSHFiles: Sendable, Equatable {
    /// The private key's file.
    var key: String
    var knownHosts: String

    static let keyName = "ascii_box_ed25519"
}

extension Context {
    /// The paths: the key that was named, or else the one in ~/.ssh.
    ///
    /// Where the home directory can't hold a key, as in many CI systems, both files are in a private directory of this
    /// user. It lasts as long as the login or the machine.
    func sshFiles() throws -> SSHFiles {
        let named = globals.sshKey ?? dependencies.environment["BOX_SSH_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        let ownKey = paths.home + "/.ssh/" + SSHFiles.keyName
        var key = try named.map { try Files.absolute($0) } ?? ownKey
        if named == nil, access(ownKey, F_OK) != 0, !Files.canHold(ownKey, below: paths.home) {
            key = try PrivateDirectory.path(dependencies.environment) + "/" + SSHFiles.keyName
        }
        let isKept =
            Files.canHold(paths.knownHosts, below: paths.base)
            && (try? Files.makeDirectory(paths.configDirectory)) != nil
        let knownHosts =
            isKept ? paths.knownHosts : try PrivateDirectory.path(dependencies.environment) + "/known_hosts"
        return SSHFiles(key: key, knownHosts: knownHosts)
    }
}

/// A directory outside the home directory that only this user can access.
enum PrivateDirectory {
    /// The directory's path. It is created when it doesn't exist.
    ///
    /// - Throws: when another user owns it, or it is a link: another user may have created it first in /tmp.
    static func path(_ environment: [String: String], user: uid_t = getuid()) throws -> String {
        let runtime = [environment["XDG_RUNTIME_DIR"] ?? "", "/run/user/\(user)"]
        if let directory = runtime.first(where: { isPrivate($0, user) }) {
            return try make(directory + "/ascii-box", user)
        }
        var temporary = environment["TMPDIR"] ?? ""
        if !temporary.hasPrefix("/") { temporary = "/tmp" }
        return try make("\(temporary)/ascii-box-\(user)", user)
    }

    private static func make(_ path: String, _ user: uid_t) throws -> String {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw CommandError(
                "there is no place for an SSH key: the home directory can't hold one, and neither can \(path): "
                    + "\(errnoText()). name one with --ssh-key PATH or BOX_SSH_KEY")
        }
        guard isPrivate(path, user) else {
            throw CommandError(
                "\(path) is not a directory of yours alone, so it can't hold an SSH key. remove it, or name a key with "
                    + "--ssh-key PATH or BOX_SSH_KEY")
        }
        return path
    }

    /// Whether the path is a directory, not a link, that only this user can access.
    private static func isPrivate(_ path: String, _ user: uid_t) -> Bool {
        guard path.hasPrefix("/") else { return false }
        var info = stat()
        return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR && info.st_uid == user
            && info.st_mode & 0o077 == 0 && access(path, W_OK | X_OK) == 0
    }
}
