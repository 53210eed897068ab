internal import CCrypto

/// Encrypts and authenticates texts: AES-256-GCM (NIST SP 800-38D) by OpenSSL's libcrypto.
///
/// A sealed text is the nonce (12 random bytes), the ciphertext and the tag (16 bytes).
package struct SealingKey: Sendable {
    package static let size = 32
    private static let nonceSize = 12
    private static let tagSize = 16

    /// In bytes; ``size`` of them.
    package let bytes: [UInt8]

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == Self.size)
        self.bytes = bytes
    }

    package static func random() -> SealingKey { SealingKey(randomBytes(size)) }

    package func seal(_ text: [UInt8]) throws -> [UInt8] {
        try seal(text, nonce: Self.randomBytes(Self.nonceSize))
    }

    /// The same with a nonce that was never used with this key.
    func seal(_ text: [UInt8], nonce: [UInt8]) throws -> [UInt8] {
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: Self.tagSize)
        var count: Int32 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, bytes, nonce) == 1,
            EVP_EncryptUpdate(context, &sealed, &count, text, Int32(text.count)) == 1, count == text.count,
            EVP_EncryptFinal_ex(context, &tag, &count) == 1, count == 0,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), &tag) == 1
        else { throw Failure(description: "sealing failed") }
        return nonce + sealed + tag
    }

    /// - Throws: ``Failure`` for what this key hasn't sealed.
    package func open(_ sealed: some Collection<UInt8>) throws -> [UInt8] {
        let sealed = Array(sealed)
        guard sealed.count >= Self.nonceSize + Self.tagSize else { throw Failure(description: "it is too short") }
        let nonce = Array(sealed[..<Self.nonceSize])
        let ciphertext = Array(sealed[Self.nonceSize..<(sealed.count - Self.tagSize)])
        var tag = Array(sealed.suffix(Self.tagSize))
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var text = [UInt8](repeating: 0, count: ciphertext.count)
        var rest = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, bytes, nonce) == 1,
            EVP_DecryptUpdate(context, &text, &count, ciphertext, Int32(ciphertext.count)) == 1,
            count == ciphertext.count,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize), &tag) == 1,
            EVP_DecryptFinal_ex(context, &rest, &count) == 1
        else { throw Failure(description: "another key has sealed it, or it was changed") }
        return text
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in generator.next() }
    }
}
