import BoxClient
import BoxModel

extension Context {
    /// Where the box of an argument takes connections. Failures are those of a connection: 1 could be the status of a
    /// remote command, and for copies says that a file failed.
    func sshDestination(ofArgument argument: String) async throws -> SSHDestination {
        do {
            return try await sshDestination(of: boxID(argument))
        } catch  where Failure(error).exit == .failure {
            throw Unconnected(cause: error)
        }
    }

    /// Lets the managed key into the box, and tells where to connect. A box that is still starting is waited for.
    private func sshDestination(of id: String) async throws -> SSHDestination {
        let key = try world.ssh.publicKey(home: paths.home)
        let client = try client()
        let access: SSHAccess
        do {
            access = try await client.addSSHKey(id, publicKey: key)
        } catch BoxError.api(let failure) where failure.code == .boxStarting {
            let reporter = StateReporter(self, id: id, emitsEvents: false)
            _ = try await client.waitUntilReady(id) { try reporter.report($0) }
            access = try await client.addSSHKey(id, publicKey: key)
        } catch let error as BoxError where error.isMachineNotRunning {
            throw AdvisedError(error: error, advice: "start it with `box resume \(id)`")
        }
        emitter.statusLine.clear()
        try Files.makeFolder(paths.configFolder)
        return SSHDestination(
            boxID: id, host: access.machineIP, user: access.user, home: paths.home, knownHostsPath: paths.knownHosts)
    }
}

extension BoxError {
    fileprivate var isMachineNotRunning: Bool {
        if case .api(let failure) = self { failure.code == .machineNotRunning } else { false }
    }
}
