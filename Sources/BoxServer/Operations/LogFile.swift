import BoxStore
import BoxSystem
import Glibc

/// The file to which a process's output is redirected. A large file is renamed to `FILE.1`, which replaces the previous
/// one.
public struct LogFile: Sendable {
    /// The size in bytes at which the file is rotated.
    public static let longest = 10 << 20

    let path: String
    private let descriptors: [Int32]
    private let longest: Int
    /// A copy of the first descriptor from before the redirection.
    private let original: Int32

    /// Redirects the descriptors to the file.
    ///
    /// - Throws: ``StartupError``
    public init(_ path: String, descriptors: [Int32] = [2, 1], longest: Int = LogFile.longest) throws {
        (self.path, self.descriptors, self.longest) = (path, descriptors, longest)
        original = fcntl(descriptors[0], F_DUPFD_CLOEXEC, 3)
        guard lead() else {
            throw StartupError("the log file \(path) can't be opened: \(errnoText())")
        }
    }

    private func lead() -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        // A concurrent line goes to the old file or to the new one, and is never lost.
        return descriptors.allSatisfy { dup2(file, $0) >= 0 }
    }

    /// Begins a new file when the current one is large or was removed. Call it about every second.
    public func rotate() {
        var status = stat()
        guard fstat(descriptors[0], &status) == 0 else { return }
        guard status.st_size >= longest || status.st_nlink == 0 else { return }
        if status.st_nlink > 0, rename(path, path + ".1") != 0 { return }
        _ = lead()
    }

    /// Restores the first descriptor, for messages that a user on a terminal should see.
    public func leadBack() {
        if original >= 0 { dup2(original, descriptors[0]) }
    }
}
