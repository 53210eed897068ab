import CKeyStream
import Testing

@testable import BoxSSH

/// AES in counter mode as libssh2 uses it, compared with OpenSSL's own result in one piece.
@Suite("AES-CTR with its key stream made in advance") struct KeyStreamTests {
    init() { #expect(LibSSH2.initialised == 0) }

    private static let ciphers: [(name: String, keyLength: Int, get: @Sendable () -> OpaquePointer)] = [
        ("AES-128-CTR", 16, { EVP_aes_128_ctr() }), ("AES-192-CTR", 24, { EVP_aes_192_ctr() }),
        ("AES-256-CTR", 32, { EVP_aes_256_ctr() }),
    ]

    private final class Context {
        let pointer = EVP_CIPHER_CTX_new()!
        init(_ cipher: OpaquePointer, key: [UInt8], counter: [UInt8]) {
            #expect(EVP_CipherInit(pointer, cipher, key, counter, 1) == 1)
        }
        deinit { EVP_CIPHER_CTX_free(pointer) }

        var provider: String {
            String(cString: OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(EVP_CIPHER_CTX_get0_cipher(pointer))))
        }
        /// Calls EVP_Cipher, as libssh2 does.
        func cipher(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var out = [UInt8](repeating: 0, count: bytes.count)
            #expect(EVP_Cipher(pointer, &out, Array(bytes), UInt32(bytes.count)) == bytes.count)
            return out
        }
        func update(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var out = [UInt8](repeating: 0, count: bytes.count)
            var count: Int32 = 0
            #expect(EVP_CipherUpdate(pointer, &out, &count, Array(bytes), Int32(bytes.count)) == 1)
            #expect(Int(count) == bytes.count)
            return out
        }
    }

    @Test("libssh2's ciphers are those of this provider, whichever their key's length")
    func installed() {
        for cipher in Self.ciphers {
            let context = Context(
                cipher.get(), key: Array(repeating: 1, count: cipher.keyLength), counter: Array(0..<16))
            #expect(context.provider == "box", "\(cipher.name)")
            #expect(EVP_CIPHER_CTX_get_key_length(context.pointer) == cipher.keyLength)
            #expect(EVP_CIPHER_CTX_get_iv_length(context.pointer) == 16)
            #expect(EVP_CIPHER_CTX_get_block_size(context.pointer) == 1)
        }
    }

    @Test("the example of NIST SP 800-38A, F.5.1")
    func published() {
        let key: [UInt8] = [
            0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
        ]
        let plain: [UInt8] = [
            0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
        ]
        let context = Context(EVP_aes_128_ctr(), key: key, counter: Array(0xf0...0xff))
        #expect(
            context.cipher(plain[...]) == [
                0x87, 0x4d, 0x61, 0x91, 0xb6, 0x20, 0xe3, 0x26, 0x1b, 0xef, 0x68, 0x64, 0x99, 0x0d, 0xb6, 0xce,
            ])
    }

    @Test("pieces of any size, given either way, are what OpenSSL makes of the whole", arguments: 1...30)
    func pieces(seed: Int) throws {
        let cipher = Self.ciphers[seed % Self.ciphers.count]
        let key = noise(cipher.keyLength, seed: UInt64(seed))
        // A counter that overflows its low 32 and 64 bits.
        let counter = [UInt8](repeating: 0xff, count: 15) + [UInt8(seed)]
        let plain = noise(60_000, seed: UInt64(seed) + 100)
        let original = try #require(EVP_CIPHER_fetch(nil, cipher.name, "provider=default"))
        defer { EVP_CIPHER_free(original) }
        let expected = Context(original, key: key, counter: counter).update(plain[...])

        let context = Context(cipher.get(), key: key, counter: counter)
        let sizes = [16, 16, 16, 16, 16, 1, 15, 17, 48, 4095, 4096, 4097, 9000]
        var choices = noise(180_000, seed: UInt64(seed) + 200).makeIterator()
        func choice(_ count: Int) -> Int { Int(choices.next() ?? 0) % count }
        var made: [UInt8] = []
        while made.count < plain.count {
            let size = sizes[choice(sizes.count)]
            for _ in 0...choice(250) where made.count < plain.count {
                let piece = plain[made.count..<min(made.count + size, plain.count)]
                made += choice(10) == 0 ? context.update(piece) : context.cipher(piece)
            }
        }
        #expect(made == expected)
    }

    @Test("a new counter or key begins a new key stream")
    func reset() {
        let (key, other) = ([UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 16))
        let zeros = [UInt8](repeating: 0, count: 16)[...]
        let context = Context(EVP_aes_128_ctr(), key: key, counter: other)
        let first = context.cipher(zeros)
        #expect(context.cipher(zeros) != first)
        #expect(EVP_CipherInit_ex(context.pointer, nil, nil, nil, other, -1) == 1)
        #expect(context.cipher(zeros) == first)
        #expect(EVP_CipherInit_ex(context.pointer, nil, nil, other, other, -1) == 1)
        #expect(context.cipher(zeros) == Context(EVP_aes_128_ctr(), key: other, counter: other).cipher(zeros))
    }
}
