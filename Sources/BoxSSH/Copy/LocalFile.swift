import BoxSystem
internal import CSSH2
import Glibc

/// Access to the local file system by byte paths. Failures are ``FileFailure``s with errno's text.
enum LocalFile {
    struct Attributes {
        let device: UInt64
        let inode: UInt64
        let mode: UInt32
        let size: Int64
        /// The size without holes.
        let allocated: Int64
        /// In whole seconds since 1970, the unit of SFTP.
        let accessTime: UInt32
        let modificationTime: UInt32

        init(_ raw: stat) {
            device = UInt64(raw.st_dev)
            inode = UInt64(raw.st_ino)
            mode = raw.st_mode
            size = Int64(raw.st_size)
            allocated = min(Int64(raw.st_blocks) * 512, size)
            accessTime = UInt32(clamping: raw.st_atim.tv_sec)
            modificationTime = UInt32(clamping: raw.st_mtim.tv_sec)
        }

        /// Whether the file has fewer blocks than its size needs.
        var isSparse: Bool { allocated < size }
        var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
        var isRegular: Bool { mode & S_IFMT == S_IFREG }
        var isLink: Bool { mode & S_IFMT == S_IFLNK }
    }

    static func failed(_ path: BytePath) -> FileFailure {
        FileFailure(path: path, reason: errorText(errno), isDenied: [EACCES, EPERM, EROFS, EBUSY].contains(errno))
    }

    /// The attributes of what the path leads to, or nil.
    static func status(_ path: BytePath) throws(FileFailure) -> Attributes? {
        var raw = stat()
        if path.withCPath({ stat($0, &raw) }) == 0 { return Attributes(raw) }
        if errno == ENOENT { return nil }
        throw failed(path)
    }

    /// The attributes of the path itself, without following a link, or nil.
    static func linkStatus(_ path: BytePath) throws(FileFailure) -> Attributes? {
        var raw = stat()
        if path.withCPath({ lstat($0, &raw) }) == 0 { return Attributes(raw) }
        if errno == ENOENT { return nil }
        throw failed(path)
    }

    static func status(of fd: Int32, _ path: BytePath) throws(FileFailure) -> Attributes {
        var raw = stat()
        guard fstat(fd, &raw) == 0 else { throw failed(path) }
        return Attributes(raw)
    }

    /// The names in a directory, sorted, without `.` and `..`.
    static func list(_ path: BytePath) throws(FileFailure) -> [BytePath] {
        guard let names = path.withCPath({ DirectoryNames.read($0) }) else { throw failed(path) }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    static func realPath(_ path: BytePath) throws(FileFailure) -> BytePath {
        guard let real = path.withCPath({ realpath($0, nil) }) else { throw failed(path) }
        defer { free(real) }
        return Array(UnsafeRawBufferPointer(start: real, count: strlen(real)))
    }

    static func open(_ path: BytePath, _ flags: Int32, mode: UInt32 = 0) throws(FileFailure) -> Int32 {
        let fd = path.withCPath { Glibc.open($0, flags | O_CLOEXEC | O_NOCTTY, mode_t(mode)) }
        guard fd >= 0 else { throw failed(path) }
        return fd
    }

    static func makeDirectory(_ path: BytePath, mode: UInt32) throws(FileFailure) {
        guard path.withCPath({ mkdir($0, mode_t(mode)) }) == 0 else { throw failed(path) }
    }

    static func setMode(_ path: BytePath, _ mode: UInt32) throws(FileFailure) {
        guard path.withCPath({ chmod($0, mode_t(mode)) }) == 0 else { throw failed(path) }
    }

    static func setTimes(_ path: BytePath, access: UInt32, modification: UInt32) throws(FileFailure) {
        let times = [timespec(tv_sec: Int(access), tv_nsec: 0), timespec(tv_sec: Int(modification), tv_nsec: 0)]
        guard path.withCPath({ utimensat(AT_FDCWD, $0, times, 0) }) == 0 else { throw failed(path) }
    }

    static func rename(_ from: BytePath, to: BytePath) throws(FileFailure) {
        guard from.withCPath({ from in to.withCPath { Glibc.rename(from, $0) } }) == 0 else { throw failed(to) }
    }

    /// Copies a file's bytes into another file, which keeps its owner and mode.
    static func copyBytes(from source: BytePath, into target: BytePath) throws(FileFailure) {
        let input = try open(source, O_RDONLY | O_NOFOLLOW)
        defer { close(input) }
        let output = try open(target, O_WRONLY | O_TRUNC)
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = read(input, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failed(source) }
            if count == 0 { return }
            guard
                buffer.withUnsafeBytes({ Descriptor.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: output) })
            else {
                throw failed(target)
            }
        }
    }

    /// The process's umask. umask(2) can't read it without changing it, so it is briefly another one.
    static let umask: UInt32 = {
        let mask = Glibc.umask(0o022)
        Glibc.umask(mask)
        return mask
    }()

    static func remove(_ path: BytePath) { _ = path.withCPath { unlink($0) } }
}

/// Removes a directory with everything in it.
public enum LocalTree {
    /// Removes as much as possible, without following symbolic links.
    public static func remove(_ path: String) { remove(BytePath(path)) }

    static func remove(_ path: BytePath) {
        if (try? LocalFile.linkStatus(path))?.isDirectory == true {
            // A copied directory has its source's mode, which may deny its owner access.
            _ = try? LocalFile.setMode(path, 0o700)
            for name in (try? LocalFile.list(path)) ?? [] { remove(path.child(name)) }
        }
        _ = path.withCPath { Glibc.remove($0) }
    }
}
