import BoxClient
import BoxModel

/// A box as ssh's callers name a host: with or without `USER@`.
struct BoxLogin: Sendable, Equatable {
    var user: String?
    /// An id or `current`, as it was typed.
    var box: String

    init(_ argument: String) {
        guard let at = argument.lastIndex(of: "@"), at != argument.startIndex else {
            box = argument
            return
        }
        user = String(argument[..<at])
        box = String(argument[argument.index(after: at)...])
    }
}

extension Context {
    /// Where the box of an argument takes connections. Failures are those of a connection: 1 could be the status of a
    /// remote command, and for copies says that a file failed.
    ///
    /// - Parameters:
    ///   - argument: may begin with `USER@`.
    ///   - user: goes before the argument's.
    ///   - connects: whether an SSH connection follows, which is begun meanwhile then.
    func sshDestination(
        ofArgument argument: String, as user: String? = nil, connects: Bool = true
    ) async throws -> SSHDestination {
        try await unconnectedOnFailure {
            let login = BoxLogin(argument)
            return try await sshDestination(of: boxID(login.box), as: user ?? login.user, connects)
        }
    }

    /// Lets the managed key into the box, and tells where to connect. A box that is still starting is waited for.
    private func sshDestination(of id: String, as user: String?, _ connects: Bool) async throws -> SSHDestination {
        let files = try sshFiles()
        let key = try dependencies.ssh.publicKey(keyPath: files.key)
        let client = try client()
        let last = lastAddress.load(id)
        if connects, let last {
            dependencies.ssh.prepare(destination(id, user: user ?? last.user, host: last.host, files))
        }
        let access = try await onRunningBox(id, client) { try await client.addSSHKey(id, publicKey: key) }
        if last == nil || last! != (access.user, access.machineIP) {
            lastAddress.save(id, user: access.user, host: access.machineIP)
        }
        if let user, user == "root", access.user != user {
            throw CommandError("\(id) lets nobody log in as root. leave the name out, and use sudo in the box")
        }
        return destination(id, user: user ?? access.user, host: access.machineIP, files)
    }

    private func destination(_ id: String, user: String, host: String, _ files: SSHFiles) -> SSHDestination {
        SSHDestination(boxID: id, host: host, user: user, keyPath: files.key, knownHostsPath: files.knownHosts)
    }

    var lastAddress: LastAddress { LastAddress(directory: paths.stateDirectory + "/addresses", base: paths.stateBase) }
}
