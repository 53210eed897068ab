internal import CCrypto

/// Digests by OpenSSL's libcrypto.
package enum Digest {
    package static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] { digest(bytes, EVP_sha256(), size: 32) }

    /// Only to tell versions of a text apart: others can make two texts of the same digest.
    package static func sha1(_ bytes: some Sequence<UInt8>) -> [UInt8] { digest(bytes, EVP_sha1(), size: 20) }

    /// HMAC with SHA-256 (RFC 2104).
    package static func hmacSHA256(_ bytes: some Sequence<UInt8>, key: [UInt8]) -> [UInt8] {
        let bytes = Array(bytes)
        var result = [UInt8](repeating: 0, count: 32)
        precondition(HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &result, nil) != nil, "HMAC failed")
        return result
    }

    /// OpenSSL fails here only without memory, or when it is set up to forbid the algorithm.
    private static func digest(_ bytes: some Sequence<UInt8>, _ algorithm: OpaquePointer?, size: Int) -> [UInt8] {
        let bytes = Array(bytes)
        var result = [UInt8](repeating: 0, count: size)
        precondition(EVP_Digest(bytes, bytes.count, &result, nil, algorithm, nil) == 1, "a digest failed")
        return result
    }
}
