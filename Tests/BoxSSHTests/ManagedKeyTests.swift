import Glibc
import Testing

@testable import BoxSSH

struct ManagedKeyTests {
    @Test func aNewKeyIsOneThatOpenSSHReads() throws {
        let scratch = try Scratch()
        let key = try ManagedKey.loadOrCreate(home: scratch.path, comment: "box@test")
        #expect(key.privateKeyPath == scratch.path + "/.ssh/ascii_box_ed25519")
        #expect(output(of: ["/usr/bin/ssh-keygen", "-y", "-f", key.privateKeyPath]) == key.publicKeyLine + "\n")
        #expect(readText(key.privateKeyPath + ".pub") == key.publicKeyLine + "\n")
        #expect(key.publicKeyLine.hasSuffix(" box@test"))
        #expect(status(key.privateKeyPath, "%a") == "600")
        #expect(status(key.privateKeyPath + ".pub", "%a") == "644")
        #expect(status(scratch.path + "/.ssh", "%a") == "700")
        #expect(names(in: scratch.path + "/.ssh") == ["ascii_box_ed25519", "ascii_box_ed25519.pub"])
        #expect(!"\(key)".contains("PRIVATE"))
    }

    @Test func anExistingKeyIsNeverChanged() throws {
        let scratch = try Scratch()
        let first = try ManagedKey.loadOrCreate(home: scratch.path, comment: "first")
        let bytes = readFile(first.privateKeyPath)
        unlink(first.privateKeyPath + ".pub")
        let second = try ManagedKey.loadOrCreate(home: scratch.path, comment: "second")
        #expect(second.publicKeyLine == first.publicKeyLine)
        #expect(readFile(first.privateKeyPath) == bytes)
        #expect(readText(first.privateKeyPath + ".pub") == first.publicKeyLine + "\n")
    }

    @Test func aKeyOfSSHKeygenIsTaken() throws {
        let scratch = try Scratch()
        let path = scratch.directory(".ssh") + "/ascii_box_ed25519"
        _ = output(of: ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "by hand", "-f", path])
        let key = try ManagedKey.loadOrCreate(home: scratch.path, comment: "x")
        #expect(key.publicKeyLine + "\n" == readText(path + ".pub"))
    }

    @Test func oneKeyComesOutWhenManyAreMadeAtOnce() throws {
        let scratch = try Scratch()
        let home = scratch.path
        let workers = (0..<8).map { number in
            Worker { try? ManagedKey.loadOrCreate(home: home, comment: "worker \(number)").publicKeyLine }
        }
        let lines = workers.map { $0.join() }
        #expect(lines.allSatisfy { $0 != nil })
        #expect(Set(lines).count == 1)
        #expect(names(in: home + "/.ssh") == ["ascii_box_ed25519", "ascii_box_ed25519.pub"])
        #expect(readText(home + "/.ssh/ascii_box_ed25519.pub").map { $0.trimmed } == lines[0])
    }

    @Test func aKeyThatOthersCanReadIsRefused() throws {
        let scratch = try Scratch()
        let path = try ManagedKey.loadOrCreate(home: scratch.path, comment: "x").privateKeyPath
        chmod(path, 0o640)
        try expectUnusable(scratch, "chmod 600 \(path)")
    }

    @Test func whatIsNoKeyIsRefusedAndLeftAlone() throws {
        let scratch = try Scratch()
        let path = scratch.directory(".ssh") + "/ascii_box_ed25519"
        writeFile(path, Array("garbage\n".utf8))
        chmod(path, 0o600)
        try expectUnusable(scratch, "not a private key in OpenSSH's format")
        #expect(readText(path) == "garbage\n")
        unlink(path)
        mkdir(path, 0o700)
        try expectUnusable(scratch, "not a regular file")
    }

    @Test func encryptedOtherAndDamagedKeysAreRefused() throws {
        let scratch = try Scratch()
        let path = scratch.directory(".ssh") + "/ascii_box_ed25519"
        _ = output(of: ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path])
        try expectUnusable(scratch, "passphrase")
        unlink(path)
        _ = output(of: ["/usr/bin/ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path])
        try expectUnusable(scratch, "ecdsa-sha2-nistp256, not ssh-ed25519")
        unlink(path)
        var text = try #require(readFile(ManagedKey.loadOrCreate(home: scratch.path, comment: "x").privateKeyPath))
        // Changes a letter of the seed, in the fourth line.
        text[Int(text.count * 6 / 10)] = text[Int(text.count * 6 / 10)] == 65 ? 66 : 65
        writeFile(path, text)
        try expectUnusable(scratch, "damaged")
    }

    private func expectUnusable(_ scratch: Scratch, _ words: String) throws {
        let error = try #require(throws: SSHError.self) {
            try ManagedKey.loadOrCreate(home: scratch.path, comment: "x")
        }
        #expect(error.kind == .keyUnusable)
        #expect(error.message.contains(words), "\(error.message)")
    }
}
