import Glibc
import Testing

@testable import BoxSSH

struct KnownHostsTests {
    private let type = "ssh-ed25519"

    @Test func aPinnedKeyMatchesAndAnotherDoesNot() throws {
        let scratch = try Scratch()
        let hosts = KnownHosts(path: scratch.path + "/a/b/known_hosts")
        #expect(try hosts.check(boxID: "bx_one", keyType: type, key: [1]) == .unknown)
        #expect(try hosts.pin(boxID: "bx_one", keyType: type, key: [1]) == .unknown)
        #expect(try hosts.pin(boxID: "bx_one", keyType: type, key: [1]) == .match)
        #expect(try hosts.check(boxID: "bx_one", keyType: type, key: [1]) == .match)
        #expect(try hosts.check(boxID: "bx_two", keyType: type, key: [1]) == .unknown)
        let line = KnownHosts.Line(number: 1, keyType: type, key: [1])
        #expect(try hosts.check(boxID: "bx_one", keyType: type, key: [2]) == .changed(line))
        #expect(try hosts.pin(boxID: "bx_one", keyType: type, key: [2]) == .changed(line))
        #expect(readText(hosts.path) == "bx_one ssh-ed25519 AQ==\n")
        #expect(status(scratch.path + "/a", "%a") == "700")
    }

    @Test func removingKeepsWhatOthersWrote() throws {
        let scratch = try Scratch()
        let path = scratch.file(
            "known_hosts", Array("# note\nother,bx_one ssh-ed25519 AQ==\r\n\nbx_two x AQ==".utf8), mode: 0o600)
        let hosts = KnownHosts(path: path)
        try hosts.pin(boxID: "bx_three", keyType: type, key: [3])
        try hosts.remove(boxID: "bx_one")
        try hosts.remove(boxID: "bx_none")
        #expect(readText(path) == "# note\n\nbx_two x AQ==\nbx_three ssh-ed25519 Aw==\n")
        #expect(status(path, "%a") == "600")
        #expect(names(in: scratch.path) == ["known_hosts"])
        try KnownHosts(path: scratch.path + "/none").remove(boxID: "bx_one")
        #expect(names(in: scratch.path) == ["known_hosts"])
    }

    @Test func manyWritersAtOnceLoseNothing() throws {
        let scratch = try Scratch()
        let hosts = KnownHosts(path: scratch.path + "/known/known_hosts")
        let workers = (0..<8).map { worker in
            Worker {
                for number in 0..<20 {
                    _ = try? hosts.pin(boxID: "bx_\(worker)_\(number)", keyType: "ssh-ed25519", key: [UInt8(number)])
                    _ = try? hosts.pin(boxID: "bx_gone_\(worker)", keyType: "ssh-ed25519", key: [UInt8(number)])
                    try? hosts.remove(boxID: "bx_gone_\(worker)")
                }
            }
        }
        workers.forEach { $0.join() }
        let lines = try #require(readText(hosts.path)).split(separator: "\n")
        #expect(lines.count == 160)
        #expect(Set(lines).count == 160)
        #expect(!lines.contains { $0.contains("gone") })
    }

    @Test func namesThatWouldBreakTheFormatAreRefused() throws {
        let scratch = try Scratch()
        let hosts = KnownHosts(path: scratch.path + "/known_hosts")
        for name in ["", "a b", "a\nb", "a,b", "*", "@revoked", "#x"] {
            #expect(throws: SSHError.self) { try hosts.pin(boxID: name, keyType: type, key: [1]) }
        }
    }

    @Test func fingerprintsAreOpenSSHs() throws {
        let scratch = try Scratch()
        let key = try ManagedKey.loadOrCreate(home: scratch.path, comment: "x")
        let hosts = KnownHosts(path: scratch.file("known", Array("bx_one \(key.publicKeyLine)\n".utf8)))
        let blob = try #require(try hosts.pins(boxID: "bx_one").first?.key)
        let words = output(of: ["/usr/bin/ssh-keygen", "-l", "-f", key.privateKeyPath + ".pub"]).split(separator: " ")
        #expect(words[1] == KnownHosts.fingerprint(blob))
    }
}
