import BoxEngine
import BoxModel
import Crypto
import Glibc

/// The files that the host writes for a machine, which the machine sees read-only in `/run/box`.
///
/// Because they never pass through the machine's own disk, nothing inside can lead the host's writes astray with a link,
/// and keys survive whatever a person does to the disk.
struct GuestFiles {
    /// Also bound over the files of the same name in `/etc`, where programs look for them.
    static let etcFiles = ["hosts", "hostname", "resolv.conf"]

    let disk: MachineDisk
    /// The host id of the machine's root, who owns the files.
    let owner: uid_t

    func write(for machine: MachineSpec, hostname: String, address: String) throws {
        try writeHostKeyOnce(hostname: hostname)
        try writeAuthorizedKeys(machine.authorizedKeys)
        try put("sshd_config", Self.sshdConfiguration(boxID: machine.id))
        try writeEnvironment(machine.environment)
        try writeGuestProgram()
        try put("hostname", hostname + "\n", mode: 0o644)
        try put("hosts", "127.0.0.1 localhost\n::1 localhost\n\(address) \(hostname)\n", mode: 0o644)
        try put("resolv.conf", Self.resolverConfiguration(), mode: 0o644)
    }

    /// Replaces the one that an earlier boxd wrote.
    func writeGuestProgram() throws {
        for (name, source) in [(GuestCall.name, PackageResources.guest_py), ("jobs.py", PackageResources.jobs_py)] {
            try put(name, String(decoding: source, as: UTF8.self), mode: 0o644)
        }
    }

    func writeEnvironment(_ environment: [(name: String, value: String)]) throws {
        try put("env.sh", Self.environmentScript(environment), mode: 0o644)
    }

    /// A stopped machine's environment is in the server's database only, sealed.
    func removeSecrets() { unlink("\(disk.guest)/env.sh") }

    func writeAuthorizedKeys(_ keys: [String]) throws {
        try put("authorized_keys", keys.map { $0 + "\n" }.joined(), mode: 0o644)
    }

    private func put(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        try HostFiles.write(text, to: "\(disk.guest)/\(name)", mode: mode, owner: owner)
    }

    /// The host key lives as long as the machine: clients pin it.
    private func writeHostKeyOnce(hostname: String) throws {
        let name = "ssh_host_ed25519_key"
        if HostFiles.exists("\(disk.guest)/\(name)") { return }
        let key = Curve25519.Signing.PrivateKey()
        let publicKey = Array(key.publicKey.rawRepresentation)
        let pem = OpenSSHKey.privateKeyPEM(
            seed: Array(key.rawRepresentation), publicKey: publicKey, comment: hostname,
            check: .random(in: .min ... .max))
        try put(name, pem)
    }

    private static func sshdConfiguration(boxID: String) -> String {
        """
        AddressFamily inet
        HostKey /run/box/ssh_host_ed25519_key
        AuthorizedKeysFile /run/box/authorized_keys .ssh/authorized_keys
        PidFile none
        AuthenticationMethods publickey
        PermitRootLogin no
        UsePAM no
        UseDNS no
        LoginGraceTime 30
        MaxStartups 200:30:1000
        MaxSessions 1000
        ClientAliveInterval 30
        ClientAliveCountMax 4
        GatewayPorts clientspecified
        X11Forwarding no
        PrintLastLog no
        Subsystem sftp internal-sftp
        AcceptEnv COLORTERM TERM_PROGRAM
        SetEnv BOX_ID=\(boxID) LANG=C.UTF-8 PATH=\(Image.userPath)

        """
    }

    /// Read by every bash and every login shell. Only the first one of a session takes it, so that nested shells keep what a
    /// person changed since.
    private static func environmentScript(_ environment: [(name: String, value: String)]) -> String {
        let exports = environment.map { "    export \($0.name)=\(ShellWord.quoted($0.value))\n" }.joined()
        return "if [ -z \"${BOX_ENVIRONMENT:-}\" ]; then\n    export BOX_ENVIRONMENT=1\n\(exports)fi\n"
    }

    /// The host's name servers, without those that only the host itself can reach.
    private static func resolverConfiguration() -> String {
        for path in ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"] {
            let lines = (HostFiles.read(path) ?? "").split(separator: "\n")
            let usable = lines.filter { line in
                let fields = line.split(separator: " ")
                guard fields.first == "nameserver", fields.count > 1 else { return false }
                return fields[1].contains(".") && !fields[1].hasPrefix("127.")
            }
            if usable.isEmpty { continue }
            let others = lines.filter { $0.hasPrefix("search") || $0.hasPrefix("options") }
            return (usable + others).map { $0 + "\n" }.joined()
        }
        return "nameserver 1.1.1.1\nnameserver 9.9.9.9\n"
    }
}
