import BoxSystem
import Testing

@testable import BoxCrypto

struct CryptoTests {
    @Test func digestsAreTheStandards() {
        // FIPS 180-4's example, and RFC 4231's test case 2.
        #expect(
            Digest.sha256("abc".utf8).hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest.sha1("abc".utf8).hexadecimal == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            Digest.hmacSHA256("what do ya want for nothing?".utf8, key: Array("Jefe".utf8)).hexadecimal
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            Digest.sha256([]).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    /// Test case 14 of the GCM specification (McGrew and Viega).
    @Test func sealingIsTheStandards() throws {
        let key = SealingKey([UInt8](repeating: 0, count: 32))
        let zeros = [UInt8](repeating: 0, count: 16)
        let sealed = try key.seal(zeros, nonce: [UInt8](repeating: 0, count: 12))
        #expect(
            sealed.dropFirst(12).hexadecimal == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
        #expect(try key.open(sealed) == zeros)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 1000, 1 << 20])
    func whatIsSealedIsOpened(_ size: Int) throws {
        let key = SealingKey.random()
        let text = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let (sealed, again) = (try key.seal(text), try key.seal(text))
        #expect(sealed.count == size + 28 && sealed != again)
        #expect(try key.open(sealed) == text && key.open(again[...]) == text)
    }

    @Test func whatWasChangedIsNotOpened() throws {
        let key = SealingKey.random()
        let sealed = try key.seal(Array("secret".utf8))
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SealingKey.Failure.self, "byte \(index)") { try key.open(changed) }
        }
        for count in 0..<sealed.count {
            #expect(throws: SealingKey.Failure.self, "\(count) bytes") { try key.open(sealed.prefix(count)) }
        }
        #expect(throws: SealingKey.Failure.self) { try SealingKey.random().open(sealed) }
    }

    @Test func keysAreTheStandards() throws {
        // RFC 8032, section 7.1, test 1.
        let seed: [UInt8] = [
            0x9D, 0x61, 0xB1, 0x9D, 0xEF, 0xFD, 0x5A, 0x60, 0xBA, 0x84, 0x4A, 0xF4, 0x92, 0xEC, 0x2C, 0xC4, 0x44, 0x49,
            0xC5, 0x69, 0x7B, 0x32, 0x69, 0x19, 0x70, 0x3B, 0xAC, 0x03, 0x1C, 0xAE, 0x7F, 0x60,
        ]
        #expect(
            Ed25519.publicKey(seed: seed)?.hexadecimal
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let (one, other) = (try #require(Ed25519.newKeyPair()), try #require(Ed25519.newKeyPair()))
        #expect(one.seed != other.seed && Ed25519.publicKey(seed: one.seed) == one.publicKey)
        #expect(Ed25519.publicKey(seed: [1, 2, 3]) == nil)
    }
}
