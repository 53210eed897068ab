import BoxEngine
import CLinux
import Glibc

/// Space on the data directory's file system that is kept for boxd. A file takes it up, which is removed when boxd
/// needs it.
///
/// Without it a single machine could fill the disk. Then nothing could be stopped or deleted any more, because that
/// needs a few writes too.
struct DiskReserve: Sendable {
    let path: String

    init(dataDirectory: String) { path = "\(dataDirectory)/reserve" }

    /// The file's size in bytes for a file system of `total` bytes: a hundredth, at least 16 MiB and at most 1 GiB.
    static func size(ofTotal total: Int) -> Int { min(max(total / 100, 16 << 20), 1 << 30) }

    /// Whether the space is taken and can be released.
    var isThere: Bool {
        var found = stat()
        return lstat(path, &found) == 0 && found.st_blocks > 0
    }

    /// Takes the space. A file of another size is replaced.
    ///
    /// - Returns: false when there isn't enough space, or the file system can't allocate it.
    func allocate(_ size: Int) -> Bool {
        var found = stat()
        if lstat(path, &found) == 0, found.st_size == size, found.st_blocks > 0 { return true }
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        if posix_fallocate(descriptor, 0, off_t(size)) == 0 { return true }
        unlink(path)
        return false
    }

    func release() { unlink(path) }
}

/// The size of a file system and its free space, in bytes, without the blocks that are reserved for root.
struct DiskSpace: Sendable, Equatable {
    let total: Int
    let free: Int

    init(total: Int, free: Int) { (self.total, self.free) = (total, free) }

    init?(of path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        // Not f_bfree: ext4 counts blocks in it that nothing can use, about a fiftieth of a small disk.
        self.init(total: Int(status.f_blocks * status.f_frsize), free: Int(status.f_bavail * status.f_frsize))
    }
}
