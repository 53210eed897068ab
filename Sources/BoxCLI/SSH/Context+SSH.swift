import BoxClient
import BoxModel

extension Context {
    /// Where the box of an argument takes connections. Failures are those of a connection: 1 could be the status of a
    /// remote command, and for copies says that a file failed.
    ///
    /// - Parameter connects: whether an SSH connection follows, which is begun meanwhile then.
    func sshDestination(ofArgument argument: String, connects: Bool = true) async throws -> SSHDestination {
        try await unconnectedOnFailure { try await sshDestination(of: boxID(argument), connects) }
    }

    /// Lets the managed key into the box, and tells where to connect. A box that is still starting is waited for.
    private func sshDestination(of id: String, _ connects: Bool) async throws -> SSHDestination {
        let key = try world.ssh.publicKey(home: paths.home)
        let client = try client()
        let last = lastAddress.load(id)
        if connects, let last { world.ssh.prepare(destination(id, user: last.user, host: last.host)) }
        let access = try await onRunningBox(id, client) { try await client.addSSHKey(id, publicKey: key) }
        try Files.makeFolder(paths.configFolder)
        if last == nil || last! != (access.user, access.machineIP) {
            lastAddress.save(id, user: access.user, host: access.machineIP)
        }
        return destination(id, user: access.user, host: access.machineIP)
    }

    private func destination(_ id: String, user: String, host: String) -> SSHDestination {
        SSHDestination(boxID: id, host: host, user: user, home: paths.home, knownHostsPath: paths.knownHosts)
    }

    var lastAddress: LastAddress { LastAddress(folder: paths.stateFolder + "/addresses") }
}
