import BoxSystem
import Glibc
import Synchronization

/// A file that is written under a temporary name and renamed when it is complete. Without ``commit()`` nothing is left
/// of it. A symbolic link is followed.
package final class FileReplacement: Sendable {
    private struct State {
        /// -1 when it is closed.
        var descriptor: Int32
        var size: Int64 = 0
    }

    private let path: String
    private let target: String
    /// Nil for something that can't be replaced, such as a terminal or /dev/null, which is written to directly.
    private let temporary: String?
    private let state: Mutex<State>

    /// - Parameter mode: of a new file, before the umask.
    package init(_ path: String, mode: mode_t) throws(FileError) {
        self.path = path
        target = Self.resolved(path)
        var info = stat()
        let exists = stat(target, &info) == 0
        if exists, info.st_mode & S_IFMT == S_IFDIR { throw FileError(action: "write", path: path, code: EISDIR) }
        let isReplaceable = !exists || info.st_mode & S_IFMT == S_IFREG
        temporary = isReplaceable ? "\(target).\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp" : nil
        let descriptor =
            temporary.map { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
            ?? open(target, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(action: "write", path: path, code: errno) }
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { discard() }

    /// The bytes written so far.
    package var size: Int64 { state.withLock { $0.size } }

    package func write(_ bytes: [UInt8]) throws(FileError) {
        let code = state.withLock { state in
            let code = Descriptor.write(bytes, to: state.descriptor) ? 0 : errno
            if code == 0 { state.size += Int64(bytes.count) }
            return code
        }
        if code != 0 { throw FileError(action: "write", path: path, code: code) }
    }

    /// Renames the file to its final name. Call it once.
    package func commit() throws(FileError) {
        guard let temporary else { return }
        let isWhole = state.withLock { fsync($0.descriptor) == 0 } && rename(temporary, target) == 0
        guard isWhole else { throw FileError(action: "write", path: path, code: errno) }
    }

    /// Removes the temporary file. Harmless after a commit, and when repeated.
    package func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            close(state.descriptor)
            state.descriptor = -1
            // After a commit the temporary name doesn't exist any more.
            if let temporary { unlink(temporary) }
        }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
