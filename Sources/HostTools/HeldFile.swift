import BoxSystem
import Glibc

/// A file that only one process of this host can hold at a time, as long as that process lives: flock(2).
public final class HeldFile: Sendable {
    private let path: String
    private let descriptor: Int32

    private init(_ path: String, _ descriptor: Int32) { (self.path, self.descriptor) = (path, descriptor) }

    deinit { close(descriptor) }

    /// Creates the file when it doesn't exist, and waits until no other process holds it. Only its owner may open it,
    /// because every process that can read a file can hold it.
    ///
    /// - Parameter tries: ten per second.
    /// - Returns: nil when another process still holds it.
    /// - Throws: the error of open(2).
    public static func hold(_ path: String, tries: Int = 100) throws(HeldFileError) -> HeldFile? {
        for attempt in 0..<tries {
            if attempt > 0 { usleep(100_000) }
            let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw HeldFileError(path: path, code: errno) }
            let file = HeldFile(path, descriptor)
            // The last holder may have removed it in between.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, file.isAtItsPath {
                fchmod(descriptor, 0o600)
                return file
            }
        }
        return nil
    }

    private var isAtItsPath: Bool {
        var (own, there) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino
            && own.st_dev == there.st_dev
    }

    /// Replaces the file's contents.
    public func write(_ text: String) {
        ftruncate(descriptor, 0)
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    public func remove() { unlink(path) }
}

public struct HeldFileError: Error, CustomStringConvertible {
    public let path: String
    public let code: Int32

    public var description: String { "\(path) can't be opened: \(errnoText(code))" }
}
