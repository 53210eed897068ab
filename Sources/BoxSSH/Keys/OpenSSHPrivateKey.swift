import BoxCrypto
import BoxModel
internal import CSSH2

/// Parses an unencrypted ed25519 `openssh-key-v1` file and checks that it is complete.
enum OpenSSHPrivateKey {
    struct Unusable: Error {
        /// Continues a sentence that starts with the file's path.
        let reason: String
    }

    /// The public key and the comment. The private half is checked against the public one, so that a damaged file is
    /// reported here and not as a refused login.
    static func parse(_ file: UnsafeRawBufferPointer) throws(Unusable) -> (publicKey: [UInt8], comment: String) {
        var lines = String(decoding: file, as: UTF8.self).split(whereSeparator: \.isNewline)
        while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
        guard lines.count > 2, lines[0] == OpenSSHKey.privateKeyHeader, lines.last! == OpenSSHKey.privateKeyFooter,
            let blob = Base64.decode(lines[1..<lines.count - 1].joined()),
            blob.starts(with: OpenSSHKey.privateKeyMagic)
        else { throw Unusable(reason: "is not a private key in OpenSSH's format") }

        var reader = SSHWireReader(Array(blob.dropFirst(OpenSSHKey.privateKeyMagic.count)))
        guard let cipher = reader.string(), reader.string() != nil, reader.string() != nil,
            reader.number() == 1, let outer = reader.string(), let secret = reader.string()
        else { throw Unusable(reason: "is cut short") }
        guard cipher == Array("none".utf8) else {
            throw Unusable(reason: "is encrypted with a passphrase, which the managed key can't be")
        }
        var inner = SSHWireReader(secret)
        guard let check = inner.number(), inner.number() == check, let type = inner.string() else {
            throw Unusable(reason: "is damaged")
        }
        guard type == Array("ssh-ed25519".utf8) else {
            throw Unusable(reason: "holds a key of type \(displayText(type)), not ssh-ed25519")
        }
        guard let publicKey = inner.string(), publicKey.count == 32, let halves = inner.string(), halves.count == 64,
            let comment = inner.string(), outer == OpenSSHKey.publicKeyBlob(publicKey: publicKey),
            Ed25519.publicKey(seed: Array(halves.prefix(32))) == publicKey
        else { throw Unusable(reason: "is damaged") }
        return (publicKey, displayText(comment))
    }
}
