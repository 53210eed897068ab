import BoxCrypto
import BoxModel
internal import CSSH2
import Glibc

/// The ed25519 key pair that `box` creates for itself and that every box accepts: `~/.ssh/ascii_box_ed25519`.
///
/// It is in OpenSSH's format without a passphrase, so that ssh, scp and rsync can use it too.
public struct ManagedKey: Sendable, CustomStringConvertible {
    /// The private key's file. `.pub` is beside it.
    public let privateKeyPath: String
    /// One line to register with a server, without a newline.
    public let publicKeyLine: String
    /// The private key file's text, for libssh2.
    let secret: SecretBytes

    public var description: String { "ManagedKey(\(privateKeyPath))" }

    /// Loads the key under `home`, or creates it when it doesn't exist. An existing private key is never changed.
    ///
    /// The private key is authoritative: a missing `.pub` is written again from it. Two processes that start at once
    /// get the same key. Errors are ``SSHError/Kind/keyUnusable``.
    ///
    /// - Parameter comment: the end of a new public key's line, such as `box@laptop`.
    public static func loadOrCreate(home: String, comment: String) throws(SSHError) -> ManagedKey {
        try loadOrCreate(path: home + "/.ssh/ascii_box_ed25519", comment: comment)
    }

    /// Does the same with another private key file. The last directory of its path is created when it doesn't exist.
    public static func loadOrCreate(path: String, comment: String) throws(SSHError) -> ManagedKey {
        if let key = try load(path) { return key }

        let directory = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        guard directory.isEmpty || mkdir(String(directory), 0o700) == 0 || errno == EEXIST else {
            throw unusable(
                "can't create \(directory): \(errorText(errno)); name another key with --ssh-key or BOX_SSH_KEY")
        }
        let pair = try generate()
        let text = OpenSSHKey.privateKeyPEM(
            seed: pair.seed, publicKey: pair.publicKey, comment: comment, check: .random(in: 0 ... .max))
        _ = try NewFile.create(path, Array(text.utf8), mode: 0o600)
        // Load the file even after creating one: another process may have created it first.
        guard let key = try load(path) else {
            throw unusable("\(path) disappeared while it was being made; run the command again")
        }
        return key
    }

    /// Loads a key; nil when there is no such file.
    private static func load(_ path: String) throws(SSHError) -> ManagedKey? {
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else {
            if errno == ENOENT { return nil }
            throw unusable("can't read \(path): \(errorText(errno)); fix its owner and permissions, or move it away")
        }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw unusable("\(path) is not a regular file; move it away and run the command again")
        }
        guard info.st_mode & 0o077 == 0 else {
            throw unusable(
                "permissions 0\(String(info.st_mode & 0o777, radix: 8)) for \(path) are too open: "
                    + "others could read the key; run `chmod 600 \(path)`")
        }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(fd, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw unusable("can't read \(path): \(errorText(errno))") }
            if got == 0 { break }
            count += got
        }
        let secret = SecretBytes(bytes.prefix(count))
        bytes.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) }

        let parsed: (publicKey: [UInt8], comment: String)
        do {
            parsed = try OpenSSHPrivateKey.parse(secret.bytes)
        } catch {
            throw unusable("\(path) \(error.reason); move it away and run the command again to have a new key made")
        }
        let line = OpenSSHKey.publicKeyLine(publicKey: parsed.publicKey, comment: parsed.comment)
        if access(path + ".pub", F_OK) != 0 {
            // Only OpenSSH's tools read `.pub`, so a directory that can't be written is no reason to fail.
            _ = try? NewFile.create(path + ".pub", Array((line + "\n").utf8), mode: 0o644)
        }
        return ManagedKey(privateKeyPath: path, publicKeyLine: line, secret: secret)
    }

    private static func generate() throws(SSHError) -> Ed25519.KeyPair {
        guard let pair = Ed25519.newKeyPair() else {
            throw unusable("OpenSSL couldn't make an ed25519 key; check the installation of libcrypto")
        }
        return pair
    }

    private static func unusable(_ message: String) -> SSHError { SSHError(.keyUnusable, message) }
}

/// Secret bytes that are wiped at deinit and don't appear when their owner is printed.
final class SecretBytes: Sendable, CustomReflectable {
    // Written only in init, then read until deinit. libssh2 measures keys with strlen(3), so a NUL follows the bytes.
    private nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

    init(_ bytes: some Collection<UInt8>) {
        buffer = .allocate(byteCount: bytes.count + 1, alignment: 1)
        buffer.copyBytes(from: bytes)
        buffer[bytes.count] = 0
    }

    deinit {
        if let base = buffer.baseAddress { explicit_bzero(base, buffer.count) }
        buffer.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer.dropLast()) }
    var customMirror: Mirror { Mirror(self, children: []) }
}
