import Testing

@testable import BoxModel

struct OpenSSHKeyTests {
    private let ed25519 =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

    @Test func aPublicKeyLineHasTypeBlobAndComment() {
        let key = (0..<32).map { UInt8($0) }
        #expect(OpenSSHKey.publicKeyLine(publicKey: key, comment: "me@here") == ed25519 + " me@here")
        #expect(OpenSSHKey.publicKeyLine(publicKey: key, comment: "") == ed25519)
        #expect(OpenSSHKey.publicKeyLine(publicKey: key, comment: "a\nb") == ed25519 + " ab")
    }

    @Test func aPrivateKeyIsFramedAndPadded() throws {
        let key = (0..<32).map { UInt8($0) }
        let text = OpenSSHKey.privateKeyPEM(seed: key, publicKey: key, comment: "c", check: 7)
        let lines = text.split(separator: "\n")
        #expect(lines.first == "-----BEGIN OPENSSH PRIVATE KEY-----")
        #expect(lines.last == "-----END OPENSSH PRIVATE KEY-----")
        #expect(lines.dropFirst().dropLast(2).allSatisfy { $0.count == 70 })
        let blob = try #require(Base64.decode(lines.dropFirst().dropLast().joined()))
        #expect(blob.starts(with: Array("openssh-key-v1\0".utf8)))
        var reader = SSHWireReader(Array(blob.dropFirst(15)))
        _ = (reader.string(), reader.string(), reader.string(), reader.number(), reader.string())
        let rest = reader.string()
        let secret = try #require(rest)
        #expect(secret.count % 8 == 0)
        #expect(reader.isAtEnd)
    }

    @Test func goodLinesComeBackNormalised() throws {
        #expect(try OpenSSHKey.validatePublicKeyLine(ed25519) == ed25519)
        #expect(try OpenSSHKey.validatePublicKeyLine(ed25519 + "  a   b \r\n") == ed25519 + " a b")
        for type in ["ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com"] {
            var blob = SSHWireWriter()
            blob.string(type.utf8)
            blob.string("nistp256".utf8)
            blob.string([4] + [UInt8](repeating: 1, count: 64))
            if type.hasPrefix("sk-") { blob.string("ssh:".utf8) }
            let line = type + " " + Base64.encode(blob.bytes)
            #expect(try OpenSSHKey.validatePublicKeyLine(line) == line)
        }
        var rsa = SSHWireWriter()
        rsa.string("ssh-rsa".utf8)
        rsa.string([1, 0, 1])
        rsa.string([UInt8](repeating: 9, count: 257))
        let line = "ssh-rsa " + Base64.encode(rsa.bytes) + " me"
        #expect(try OpenSSHKey.validatePublicKeyLine(line) == line)
    }

    @Test(arguments: [
        ("", "empty"),
        ("\r\n", "empty"),
        ("ssh-dss AAAA", "must start with a key type"),
        ("ssh-ed25519", "not valid base64"),
        ("ssh-ed25519 !!!!", "not valid base64"),
        ("ssh-ed25519 AAAA", "cut short"),
        ("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", "another type"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhsc", "cut short"),
        ("no-pty ssh-ed25519 AAAA", "options"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "private key"),
        ("ssh-ed25519 AAAA\nssh-ed25519 AAAA", "one line"),
        ("ssh-ed25519\tAAAA", "control characters"),
        ("ssh-ed25519 AAAA \u{1b}[31m", "control characters"),
    ])
    func badLinesSayWhatIsWrong(line: String, words: String) throws {
        let error = try #require(throws: InvalidPublicKey.self) { try OpenSSHKey.validatePublicKeyLine(line) }
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test func aLineHasALimit() throws {
        #expect(throws: InvalidPublicKey.self) {
            try OpenSSHKey.validatePublicKeyLine(ed25519 + " " + String(repeating: "x", count: 16 * 1024))
        }
    }

    @Test func base64IsStrict() {
        #expect(Base64.encode([]) == "")
        #expect(Base64.encode(Array("foob".utf8)) == "Zm9vYg==")
        #expect(Base64.encodeURL([0xfb, 0xff]) == "-_8")
        #expect(Base64.decode("Zm9vYmE=") == Array("fooba".utf8))
        #expect(Base64.decodeURL("-_8") == [0xfb, 0xff])
        for bad in ["Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm 9", "====", "Zg==Zg==", "-_8="] {
            #expect(Base64.decode(bad) == nil)
        }
        for length in 0..<50 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
        }
    }
}
