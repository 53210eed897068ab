import BoxCrypto
import BoxEngine
import BoxModel
import Glibc

/// The files that the host writes for a machine, which the machine sees read-only in `/run/box`.
///
/// They never pass through the machine's own disk. So no link in the machine can redirect the host's writes, and keys
/// survive every change of the disk by the user.
struct GuestFiles {
    let disk: MachineDisk
    /// The host id of the machine's root, which owns the files.
    let owner: uid_t

    /// - Parameter hasLoginModule: whether the machine's image has ``Image/loginModule``.
    func write(for machine: MachineSpec, hostname: String, hasLoginModule: Bool) throws {
        try writeHostKeyOnce(hostname: hostname)
        try writeAuthorizedKeys(machine.authorizedKeys)
        try put("sshd_config", Self.sshdConfiguration(boxID: machine.id, usesPAM: hasLoginModule))
        try writeEnvironment(machine.environment)
        try writeGuestProgram()
    }

    /// Replaces the one that an earlier boxd wrote. The file that starts it comes last.
    func writeGuestProgram() throws {
        try HostFiles.makeDirectory("\(disk.guest)/boxguest", mode: 0o755, owner: owner)
        for (name, source) in Self.guestModules {
            try put(name, String(decoding: source, as: UTF8.self), mode: 0o644)
        }
        try put(GuestCall.name, String(decoding: PackageResources.guest_py, as: UTF8.self), mode: 0o644)
    }

    /// The package `boxguest`, but for `requests.py`, which only type checkers load. A test of `Guest/tests` compares them.
    private static let guestModules: [(name: String, source: [UInt8])] = [
        ("boxguest/__init__.py", PackageResources.__init___py), ("boxguest/commands.py", PackageResources.commands_py),
        ("boxguest/context.py", PackageResources.context_py), ("boxguest/files.py", PackageResources.files_py),
        ("boxguest/followers.py", PackageResources.followers_py), ("boxguest/git.py", PackageResources.git_py),
        ("boxguest/job.py", PackageResources.job_py), ("boxguest/job_start.py", PackageResources.job_start_py),
        ("boxguest/jobs.py", PackageResources.jobs_py), ("boxguest/launch.py", PackageResources.launch_py),
        ("boxguest/observer.py", PackageResources.observer_py),
        ("boxguest/operations.py", PackageResources.operations_py),
        ("boxguest/output.py", PackageResources.output_py), ("boxguest/paths.py", PackageResources.paths_py),
        ("boxguest/processes.py", PackageResources.processes_py),
        ("boxguest/protocol.py", PackageResources.protocol_py), ("boxguest/records.py", PackageResources.records_py),
        ("boxguest/repositories.py", PackageResources.repositories_py),
        ("boxguest/supervisor.py", PackageResources.supervisor_py),
    ]

    func writeEnvironment(_ environment: [(name: String, value: String)]) throws {
        try put("env.sh", GuestEnvironment.script(environment), mode: 0o644)
        try put("environment", GuestEnvironment.entries(environment), mode: 0o644)
    }

    /// Removes the environment of a stopped machine. It is then only in the server's database, encrypted.
    func removeSecrets() { for name in ["env.sh", "environment"] { unlink("\(disk.guest)/\(name)") } }

    func writeAuthorizedKeys(_ keys: [String]) throws {
        try put("authorized_keys", keys.map { $0 + "\n" }.joined(), mode: 0o644)
    }

    private func put(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        try HostFiles.write(text, to: "\(disk.guest)/\(name)", mode: mode, owner: owner)
    }

    /// The host key is kept as long as the machine exists, because clients pin it.
    private func writeHostKeyOnce(hostname: String) throws {
        let name = "ssh_host_ed25519_key"
        if HostFiles.exists("\(disk.guest)/\(name)") { return }
        guard let key = Ed25519.newKeyPair() else { throw EngineError(.failed, "the host's libcrypto makes no keys") }
        let pem = OpenSSHKey.privateKeyPEM(
            seed: key.seed, publicKey: key.publicKey, comment: hostname,
            check: .random(in: .min ... .max))
        try put(name, pem)
    }

    /// The machine's sshd_config.
    ///
    /// `StrictModes no`: only the box's user or root can write to its home directory or root directory, and sudo makes
    /// the two equal. The keys come from the host. So a `chmod 777` must not lock the user out.
    ///
    /// PAM sets the box's variables for logins. Without it, logins get only variables without a newline that never
    /// change.
    private static func sshdConfiguration(boxID: String, usesPAM: Bool) -> String {
        """
        ListenAddress 0.0.0.0
        HostKey /run/box/ssh_host_ed25519_key
        AuthorizedKeysFile /run/box/authorized_keys .ssh/authorized_keys
        StrictModes no
        PidFile none
        AuthenticationMethods publickey
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin no
        UsePAM \(usesPAM ? "yes" : "no")
        UseDNS no
        LoginGraceTime 30
        MaxStartups 200:30:1000
        MaxSessions 1000
        ClientAliveInterval 30
        ClientAliveCountMax 4
        GatewayPorts clientspecified
        StreamLocalBindUnlink yes
        X11Forwarding no
        PrintLastLog no
        Subsystem sftp internal-sftp
        AcceptEnv COLORTERM TERM_PROGRAM
        SetEnv BOX_ID=\(boxID)\(usesPAM ? "" : " LANG=C.UTF-8 PATH=\(Image.userPath)")

        """
    }

    /// A machine's first `/etc/resolv.conf`. The host answers at these addresses with the name servers that it has at
    /// that time.
    static func resolverConfiguration(nameServers: [String]) -> String {
        HostResolver.read().text(nameServers: nameServers)
    }
}
