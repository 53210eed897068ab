import Glibc
import Synchronization

/// A file that is written under a temporary name and takes its place at once when it is whole; without ``commit()``
/// nothing is left of it. A link is followed.
final class FileReplacement: Sendable {
    private struct State {
        var descriptor: Int32
        var size: Int64 = 0
    }

    private let path: String
    private let target: String
    /// Nil for what can't be replaced, such as a terminal or /dev/null, which is written to as it is.
    private let temporary: String?
    private let state: Mutex<State>

    /// - Parameter mode: of a file that is new, less the umask.
    init(_ path: String, mode: mode_t) throws(FileError) {
        self.path = path
        target = Self.resolved(path)
        var info = stat()
        let exists = stat(target, &info) == 0
        if exists, info.st_mode & S_IFMT == S_IFDIR { throw FileError(action: "write", path: path, code: EISDIR) }
        let isReplaceable = !exists || info.st_mode & S_IFMT == S_IFREG
        temporary = isReplaceable ? "\(target).\(getpid()).tmp" : nil
        if let temporary { unlink(temporary) }
        let descriptor =
            temporary.map { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
            ?? open(target, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(action: "write", path: path, code: errno) }
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { discard() }

    /// In bytes, so far.
    var size: Int64 { state.withLock { $0.size } }

    func write(_ bytes: [UInt8]) throws(FileError) {
        let code: Int32 = state.withLock { state in
            do {
                try DescriptorSink(state.descriptor).write(bytes)
                state.size += Int64(bytes.count)
                return 0
            } catch {
                return (error as? SinkError)?.code ?? EIO
            }
        }
        if code != 0 { throw FileError(action: "write", path: path, code: code) }
    }

    /// Gives the file its name. Call it once.
    func commit() throws(FileError) {
        guard let temporary else { return }
        let isWhole = state.withLock { fsync($0.descriptor) == 0 } && rename(temporary, target) == 0
        guard isWhole else { throw FileError(action: "write", path: path, code: errno) }
    }

    private func discard() {
        state.withLock { _ = close($0.descriptor) }
        // After a commit there is nothing of that name any more.
        if let temporary { unlink(temporary) }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
