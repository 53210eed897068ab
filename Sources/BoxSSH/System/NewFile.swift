internal import CSSH2
import Glibc

/// Makes a file that either isn't there or is whole, and never replaces one.
enum NewFile {
    /// False when `path` exists already, also when another process made it meanwhile.
    static func create(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(SSHError) -> Bool {
        let temporary = "\(path).\(getpid()).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        guard write(temporary, bytes, mode) else { throw failed(path) }
        defer { unlink(temporary) }
        // link(2) is the one portable call that gives a whole file its name only if the name is free.
        if link(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
        // No hard links here (FAT, some network shares). This has the same guarantee on Linux.
        if box_rename_if_free(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
        throw failed(path)
    }

    private static func write(_ path: String, _ bytes: [UInt8], _ mode: mode_t) -> Bool {
        let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard fd >= 0 else { return false }
        guard writeAll(fd, bytes), fchmod(fd, mode) == 0, fsync(fd) == 0 else {
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

/// Writes everything to a blocking descriptor; false with errno set when that failed.
func writeAll(_ fd: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { writeAll(fd, $0) }
}

func writeAll(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
        let count = write(fd, bytes.baseAddress! + done, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
    }
    return true
}
