import BoxClient
import BoxModel

/// A box, with or without `USER@`, as callers of ssh name a host.
struct BoxLogin: Sendable, Equatable {
    var user: String?
    /// An id or `current`, as typed by the user.
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
    /// The address for SSH to the box of an argument. Failures are connection failures: a status of 1 could be a remote
    /// command's, and for copies it means that a file failed.
    ///
    /// - Parameters:
    ///   - argument: may start with `USER@`.
    ///   - user: overrides the argument's user.
    ///   - connects: whether an SSH connection follows. Then it is already started meanwhile.
    func sshDestination(
        ofArgument argument: String, as user: String? = nil, connects: Bool = true
    ) async throws -> SSHDestination {
        try await unconnectedOnFailure {
            let login = BoxLogin(argument)
            return try await sshDestination(of: boxID(login.box), as: user ?? login.user, connects)
        }
    }

    /// Authorizes the managed key in the box, and returns where to connect. It waits for a box that is still starting.
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
