import Glibc
import Testing

@testable import BoxEngineOCI

struct GuestIdentityTests {
    private let identity = GuestIdentity(hostname: "bx-22222222", address: "10.201.0.3")

    @Test func aNewDiskGetsTheUsualHosts() {
        let usual = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.201.0.3 bx-22222222\n"
        #expect(identity.hostsFile(from: "") == usual)
        #expect(identity.hostsFile(from: "\n\n") == usual)
    }

    @Test(arguments: [
        ("127.0.0.1 localhost\n10.201.0.2 bx-33333333\n", "127.0.0.1 localhost\n10.201.0.3 bx-22222222\n"),
        // Lines that the user added stay in their position.
        (
            "10.201.0.2\tbx-33333333\n127.0.0.1 db.example.test\n# bx-33333333\n",
            "10.201.0.3 bx-22222222\n127.0.0.1 db.example.test\n# bx-33333333\n"
        ),
        ("10.201.0.2 bx-33333333 alias\n", "10.201.0.2 bx-33333333 alias\n10.201.0.3 bx-22222222\n"),
        ("127.0.0.1 localhost", "127.0.0.1 localhost\n10.201.0.3 bx-22222222"),
        ("1.2.3.4 bx-33333333\n1.2.3.5 bx-44444444\n", "10.201.0.3 bx-22222222\n"),
    ])
    func aForkIsItself(before: String, after: String) { #expect(identity.hostsFile(from: before) == after) }

    @Test(.enabled(if: geteuid() == 0, "files get owners")) func filesAreWrittenOnce() throws {
        let scratch = try TestDirectory()
        defer { scratch.remove() }
        mkdir("\(scratch.path)/etc", 0o755)
        for name in ["hosts", "resolv.conf"] { try HostFiles.write("", to: "\(scratch.path)/etc/\(name)") }
        try identity.write(into: scratch.path, owner: 7)
        let first = HostFiles.read("\(scratch.path)/etc/machine-id") ?? ""
        #expect(first.count == 33 && first.dropLast().allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(HostFiles.read("\(scratch.path)/etc/hostname") == "bx-22222222\n")
        try identity.write(into: scratch.path, owner: 7)
        #expect(HostFiles.read("\(scratch.path)/etc/machine-id") != first)
        #expect(try HostFiles.list("\(scratch.path)/etc") == ["hostname", "hosts", "machine-id", "resolv.conf"])
    }

    /// A fork's disk has whatever its source's user put there.
    @Test(.enabled(if: geteuid() == 0, "files get owners")) func noLinkLeadsOutOfTheDisk() throws {
        let scratch = try TestDirectory()
        defer { scratch.remove() }
        let secret = "\(scratch.path)/secret"
        try HostFiles.write("secret", to: secret)
        let root = "\(scratch.path)/root"
        mkdir(root, 0o755)
        symlink(scratch.path, "\(root)/etc")
        try identity.write(into: root, owner: 7)
        #expect(try HostFiles.list(scratch.path) == ["root", "secret"])
        unlink("\(root)/etc")
        mkdir("\(root)/etc", 0o755)
        for name in ["hosts", "machine-id", ".hosts.box"] { symlink(secret, "\(root)/etc/\(name)") }
        mkdir("\(root)/etc/hostname", 0o755)
        mkfifo("\(root)/etc/resolv.conf", 0o644)
        try identity.write(into: root, owner: 7)
        #expect(HostFiles.read(secret) == "secret")
        #expect(HostFiles.read("\(root)/etc/hosts")?.contains("secret") == false)
        #expect(HostFiles.linkTarget("\(root)/etc/machine-id") == nil)
    }
}
