import BoxModel
import BoxSystem
import Crypto
import FoundationEssentials
import Glibc

/// Encrypts what must not be readable in the database: AES-256-GCM with a key file that only root can read.
package struct Sealer: Sendable {
    private let key: SymmetricKey

    /// Reads the key file, or makes one.
    package init(keyFile path: String) throws {
        if FileManager.default.contents(atPath: path) == nil { try Self.makeKeyFile(path) }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count == 32 else {
            throw StartupError(
                "the key file \(path) is damaged: restore it from a backup, or remove it and start once with --forget-secrets, "
                    + "which removes what it sealed")
        }
        key = SymmetricKey(data: bytes)
    }

    private static func makeKeyFile(_ path: String) throws {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let partial = "\(path).new"
        unlink(partial)
        let descriptor = Glibc.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StartupError("the key file \(path) can't be made: \(errnoText())")
        }
        defer { close(descriptor) }
        guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count,
            fsync(descriptor) == 0, rename(partial, path) == 0
        else {
            throw StartupError("the key file \(path) can't be written: \(errnoText())")
        }
    }

    /// A digest that nobody without the key can guess the text of.
    package func digest(_ bytes: [UInt8]) -> Data { Data(HMAC<SHA256>.authenticationCode(for: bytes, using: key)) }

    package func seal(_ text: String) throws -> Data {
        guard let sealed = try AES.GCM.seal(Array(text.utf8), using: key).combined else {
            throw StartupError("sealing failed")
        }
        return sealed
    }

    package func open(_ data: Data) throws -> String {
        String(decoding: try AES.GCM.open(AES.GCM.SealedBox(combined: data), using: key), as: UTF8.self)
    }
}

/// Why boxd can't start, in words for whoever started it.
public struct StartupError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
