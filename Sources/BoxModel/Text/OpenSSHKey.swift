/// Text forms of OpenSSH keys: the one-line public key (RFC 4253, section 6.6) and the `openssh-key-v1` private key
/// file (OpenSSH's PROTOCOL.key).
///
/// All are pure functions, without files or cryptography.
public enum OpenSSHKey {
    /// The longest public key line that ``validatePublicKeyLine(_:)`` accepts, in bytes.
    public static let maximumLineLength = 16 * 1024

    /// `ssh-ed25519 <base64> <comment>`, without a newline. `publicKey` is the raw 32 bytes.
    public static func publicKeyLine(publicKey: [UInt8], comment: String) -> String {
        let line = "ssh-ed25519 " + Base64.encode(publicKeyBlob(publicKey: publicKey))
        let comment = withoutControls(comment)
        return comment.isEmpty ? line : line + " " + comment
    }

    /// The text of an unencrypted private key file, with a trailing newline.
    ///
    /// `seed` and `publicKey` are the raw 32 bytes each. `check` is any random number, of which readers compare two
    /// copies.
    public static func privateKeyPEM(seed: [UInt8], publicKey: [UInt8], comment: String, check: UInt32) -> String {
        precondition(seed.count == 32 && publicKey.count == 32, "an ed25519 key has two halves of 32 bytes")
        var secret = SSHWireWriter()
        secret.number(check)
        secret.number(check)
        secret.string("ssh-ed25519".utf8)
        secret.string(publicKey)
        secret.string(seed + publicKey)
        secret.string(withoutControls(comment).utf8)
        var pad: UInt8 = 1
        while secret.bytes.count % 8 != 0 {
            secret.bytes.append(pad)
            pad += 1
        }
        var file = SSHWireWriter()
        file.bytes += privateKeyMagic
        file.string("none".utf8)
        file.string("none".utf8)
        file.string([])
        file.number(1)
        file.string(publicKeyBlob(publicKey: publicKey))
        file.string(secret.bytes)

        var text = privateKeyHeader + "\n"
        var digits = Base64.encode(file.bytes)[...]
        while !digits.isEmpty {
            text += digits.prefix(70) + "\n"
            digits = digits.dropFirst(70)
        }
        return text + privateKeyFooter + "\n"
    }

    /// Checks one line of a `.pub` file and returns it normalised: single spaces, no line end.
    ///
    /// The type must be one of ``acceptedTypes``, and the blob must contain exactly one key of that type. Options
    /// before the type, control characters, several lines and private keys are refused. A comment is kept.
    public static func validatePublicKeyLine(_ line: String) throws(InvalidPublicKey) -> String {
        guard line.utf8.count <= maximumLineLength else {
            throw InvalidPublicKey("the public key is longer than \(maximumLineLength) bytes")
        }
        // Bytes, because CR LF is a single Character in Swift.
        var bytes = Array(line.utf8)
        while let last = bytes.last, last == 10 || last == 13 || last == 32 { bytes.removeLast() }
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("PRIVATE KEY-----") {
            throw InvalidPublicKey("this is a private key; send the one line of its .pub file instead")
        }
        guard !bytes.isEmpty else { throw InvalidPublicKey("the public key is empty") }
        guard !text.unicodeScalars.contains(where: isControl) else {
            throw InvalidPublicKey("the public key must be one line without control characters")
        }
        let words = text.split(separator: " ")
        guard let type = words.first.map(String.init) else { throw InvalidPublicKey("the public key is empty") }
        guard acceptedTypes.contains(type) else {
            if words.dropFirst().contains(where: { acceptedTypes.contains(String($0)) }) {
                throw InvalidPublicKey("options before the key type are not accepted; start the line with the type")
            }
            throw InvalidPublicKey(
                "the line must start with a key type, one of: \(acceptedTypes.joined(separator: ", "))")
        }
        guard words.count > 1, let blob = Base64.decode(words[1]) else {
            throw InvalidPublicKey("the word after \(type) is not valid base64")
        }
        var reader = SSHWireReader(blob)
        guard let inner = reader.string() else {
            throw InvalidPublicKey("the key after \(type) is cut short")
        }
        guard inner == Array(type.utf8) else {
            throw InvalidPublicKey("the line says \(type), but the key inside is of another type")
        }
        guard hasKey(ofType: type, &reader), reader.isAtEnd else {
            throw InvalidPublicKey("the key after \(type) is cut short or malformed")
        }
        return words.joined(separator: " ")
    }

    /// The key types that ``validatePublicKeyLine(_:)`` accepts.
    public static let acceptedTypes = [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    package static let privateKeyHeader = "-----BEGIN OPENSSH PRIVATE KEY-----"
    package static let privateKeyFooter = "-----END OPENSSH PRIVATE KEY-----"
    package static let privateKeyMagic = Array("openssh-key-v1\0".utf8)

    package static func publicKeyBlob(publicKey: [UInt8]) -> [UInt8] {
        precondition(publicKey.count == 32, "an ed25519 public key is 32 bytes")
        var blob = SSHWireWriter()
        blob.string("ssh-ed25519".utf8)
        blob.string(publicKey)
        return blob.bytes
    }

    private static func hasKey(ofType type: String, _ reader: inout SSHWireReader) -> Bool {
        switch type {
        case "ssh-ed25519":
            return reader.string()?.count == 32
        case "sk-ssh-ed25519@openssh.com":
            guard reader.string()?.count == 32, let application = reader.string() else { return false }
            return !application.isEmpty
        case "ssh-rsa":
            guard let exponent = reader.string(), let modulus = reader.string() else { return false }
            return !exponent.isEmpty && modulus.count >= 128
        default:
            let sizes = ["nistp256": 65, "nistp384": 97, "nistp521": 133]
            guard let curve = reader.string().map({ String(decoding: $0, as: UTF8.self) }), let size = sizes[curve],
                type.contains("-" + curve), let point = reader.string(), point.count == size, point[0] == 4
            else { return false }
            guard type.hasPrefix("sk-") else { return true }
            return reader.string()?.isEmpty == false
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 || (127...159).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }

    private static func withoutControls(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !isControl($0) }))
    }
}

/// Why a text isn't a public key that can be registered.
public struct InvalidPublicKey: Error, Sendable, Equatable, CustomStringConvertible {
    /// The problem, for people. It starts in lower case and never contains the key.
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// Reads SSH's wire types (RFC 4251, section 5): big-endian numbers, and strings preceded by their length.
package struct SSHWireReader {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) { rest = bytes[...] }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func number() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    package mutating func string() -> [UInt8]? {
        let before = rest
        guard let length = number(), rest.count >= Int(length) else {
            rest = before
            return nil
        }
        defer { rest = rest.dropFirst(Int(length)) }
        return Array(rest.prefix(Int(length)))
    }
}

/// Writes the types that ``SSHWireReader`` reads.
package struct SSHWireWriter {
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func number(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func string(_ value: some Collection<UInt8>) {
        number(UInt32(value.count))
        bytes.append(contentsOf: value)
    }
}
