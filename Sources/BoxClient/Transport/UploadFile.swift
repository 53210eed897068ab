import Glibc

/// A local regular file to send, in its current version.
public final class UploadFile: Sendable {
    /// The path, for messages.
    public let path: String
    /// In bytes, from the position where reading starts.
    public let size: Int64
    private let descriptor: Int32
    private let start: Int64
    private let changedAt: timespec

    /// - Returns: nil when the path isn't a regular file's, but for example a pipe's.
    public convenience init?(path: String) throws(FileError) {
        var info = stat()
        guard stat(path, &info) == 0 else { throw FileError(action: "read", path: path, code: errno) }
        // Opening a pipe would end its writer's wait for a reader.
        guard info.st_mode & S_IFMT == S_IFREG else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(action: "read", path: path, code: errno) }
        self.init(owning: descriptor, path: path, start: 0)
    }

    /// The rest of an open file. The descriptor stays open and keeps its position.
    ///
    /// - Returns: nil when the descriptor isn't a regular file's.
    public convenience init?(descriptor: Int32, name: String) {
        let start = lseek(descriptor, 0, SEEK_CUR)
        guard start >= 0 else { return nil }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        self.init(owning: copy, path: name, start: Int64(start))
    }

    private init?(owning descriptor: Int32, path: String, start: Int64) {
        var info = stat()
        let isRegular = fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
        self.path = path
        self.descriptor = descriptor
        self.start = start
        size = max(0, Int64(info.st_size) - start)
        changedAt = info.st_mtim
        if !isRegular { return nil }
    }

    deinit { close(descriptor) }

    /// Reads `count` bytes from an offset.
    ///
    /// - Throws: ``BoxError/fileChanged(path:)`` when there are fewer now, or ``FileError``.
    func read(_ count: Int, at offset: Int64) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var buffer = [UInt8](repeating: 0, count: count)
        while bytes.count < count {
            let position = off_t(start + offset + Int64(bytes.count))
            let received = pread(descriptor, &buffer, count - bytes.count, position)
            if received > 0 {
                bytes += buffer[..<received]
            } else if received == 0 {
                throw BoxError.fileChanged(path: path)
            } else if errno != EINTR {
                throw FileError(action: "read", path: path, code: errno)
            }
        }
        return bytes
    }

    /// - Throws: ``BoxError/fileChanged(path:)`` when the file has changed. The bytes read may be from two versions.
    func checkUnchanged() throws {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw FileError(action: "read", path: path, code: errno) }
        let isSame =
            max(0, Int64(info.st_size) - start) == size && info.st_mtim.tv_sec == changedAt.tv_sec
            && info.st_mtim.tv_nsec == changedAt.tv_nsec
        guard isSame else { throw BoxError.fileChanged(path: path) }
    }
}
