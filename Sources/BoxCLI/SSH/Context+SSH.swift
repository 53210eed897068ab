import BoxClient
import BoxModel

extension Context {
    /// Where the box of an argument takes connections. Failures are those of a connection: 1 could be the status of a
    /// remote command, and for copies says that a file failed.
    func sshDestination(ofArgument argument: String) async throws -> SSHDestination {
        try await unconnectedOnFailure { try await sshDestination(of: boxID(argument)) }
    }

    /// Lets the managed key into the box, and tells where to connect. A box that is still starting is waited for.
    private func sshDestination(of id: String) async throws -> SSHDestination {
        let key = try world.ssh.publicKey(home: paths.home)
        let client = try client()
        let access = try await onRunningBox(id, client) { try await client.addSSHKey(id, publicKey: key) }
        try Files.makeFolder(paths.configFolder)
        return SSHDestination(
            boxID: id, host: access.machineIP, user: access.user, home: paths.home, knownHostsPath: paths.knownHosts)
    }
}
