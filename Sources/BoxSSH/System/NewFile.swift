import BoxSystem
internal import CSSH2
import Glibc

/// Creates a file completely or not at all, and never replaces one.
enum NewFile {
    /// Creates the file; false when `path` already exists, also when another process has just created it.
    static func create(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(SSHError) -> Bool {
        let temporary = "\(path).\(getpid()).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        guard write(temporary, bytes, mode) else { throw failed(path) }
        defer { unlink(temporary) }
        // link(2) is the only portable call that gives a complete file its name only if the name is free.
        if link(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
        // This file system has no hard links (FAT, some network shares). The next call has the same guarantee on Linux.
        if box_rename_if_free(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
        throw failed(path)
    }

    private static func write(_ path: String, _ bytes: [UInt8], _ mode: mode_t) -> Bool {
        let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard fd >= 0 else { return false }
        guard Descriptor.write(bytes, to: fd), fchmod(fd, mode) == 0, fsync(fd) == 0 else {
            let reason = errno
            close(fd)
            unlink(path)
            errno = reason
            return false
        }
        return close(fd) == 0
    }

    private static func failed(_ path: String) -> SSHError {
        SSHError(.keyUnusable, "can't write \(path): \(errorText(errno)); check the directory's owner and free space")
    }
}
