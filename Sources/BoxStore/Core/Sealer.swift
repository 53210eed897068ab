import BoxCrypto
import BoxModel
import BoxSystem
import FoundationEssentials
import Glibc

/// Encrypts confidential values of the database with AES-256-GCM. The key is in a file that only root can read.
package struct Sealer: Sendable {
    private let key: SealingKey

    /// Reads the key file, and creates it when there is none.
    package init(keyFile path: String) throws {
        if FileManager.default.contents(atPath: path) == nil { try Self.makeKeyFile(path) }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count == SealingKey.size else {
            throw StartupError(
                "the key file \(path) is damaged: restore it from a backup, or remove it and start once with --forget-secrets, "
                    + "which removes what it sealed")
        }
        key = SealingKey(Array(bytes))
    }

    private static func makeKeyFile(_ path: String) throws {
        let bytes = SealingKey.random().bytes
        let partial = "\(path).new"
        unlink(partial)
        let descriptor = Glibc.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StartupError("the key file \(path) can't be made: \(errnoText())")
        }
        defer { close(descriptor) }
        guard Descriptor.write(bytes, to: descriptor), fsync(descriptor) == 0, rename(partial, path) == 0,
            flushDirectory(of: path)
        else {
            throw StartupError("the key file \(path) can't be written: \(errnoText())")
        }
    }

    /// Without it a power failure could lose the file, and keep what is sealed with it.
    private static func flushDirectory(of path: String) -> Bool {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = Glibc.open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }

    /// A digest from which the text can't be guessed without the key.
    package func digest(_ bytes: [UInt8]) -> Data { Data(Digest.hmacSHA256(bytes, key: key.bytes)) }

    package func seal(_ text: String) throws -> Data {
        Data(try key.seal(Array(text.utf8)))
    }

    package func open(_ data: Data) throws -> String {
        String(decoding: try key.open(data), as: UTF8.self)
    }
}

/// Why boxd can't start, as a message for the operator.
public struct StartupError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
