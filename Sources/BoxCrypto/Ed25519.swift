internal import CCrypto

/// Keys for signatures (RFC 8032), by OpenSSL's libcrypto.
package enum Ed25519 {
    /// 32 bytes each.
    package typealias KeyPair = (seed: [UInt8], publicKey: [UInt8])

    /// - Returns: nil when libcrypto can't make one.
    package static func newKeyPair() -> KeyPair? {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil)
        var key: OpaquePointer?
        defer {
            EVP_PKEY_free(key)
            EVP_PKEY_CTX_free(context)
        }
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &key) == 1,
            let publicKey = publicKey(of: key)
        else { return nil }
        var seed = [UInt8](repeating: 0, count: 32)
        var length = seed.count
        guard EVP_PKEY_get_raw_private_key(key, &seed, &length) == 1, length == 32 else { return nil }
        return (seed, publicKey)
    }

    package static func publicKey(seed: [UInt8]) -> [UInt8]? {
        let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        defer { EVP_PKEY_free(key) }
        return publicKey(of: key)
    }

    private static func publicKey(of key: OpaquePointer?) -> [UInt8]? {
        var publicKey = [UInt8](repeating: 0, count: 32)
        var length = publicKey.count
        guard let key, EVP_PKEY_get_raw_public_key(key, &publicKey, &length) == 1, length == 32 else { return nil }
        return publicKey
    }
}
