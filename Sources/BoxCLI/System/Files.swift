import BoxClient
import BoxSystem
import Glibc

/// The few file operations that the command line needs, based on the C library.
enum Files {
    /// Reads a file that the user named, which may be a pipe. See ``readOwn(_:maximum:)`` for this program's files.
    ///
    /// - Parameter maximum: in bytes; a longer file fails with `EFBIG`.
    /// - Returns: nil when there is no such file.
    static func read(_ path: String, maximum: Int = .max) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError(action: "read", path: path, code: errno)
        }
        defer { close(descriptor) }
        return try readToEnd(descriptor, path: path, maximum: maximum)
    }

    /// Reads a small file of this program, which must be a regular file or a link to one. A pipe or device in its place
    /// would block, and a directory has no bytes.
    ///
    /// - Returns: nil when there is no such file.
    static func readOwn(_ path: String, maximum: Int = 64 << 20) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            // ENXIO: a socket, or a device without a driver.
            if errno == ENXIO { throw notRegular(path, "is no regular file") }
            throw FileError(action: "read", path: path, code: errno)
        }
        defer { close(descriptor) }
        try requireRegular(descriptor, path)
        return try readToEnd(descriptor, path: path, maximum: maximum)
    }

    private static func requireRegular(_ descriptor: Int32, _ path: String) throws {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw FileError(action: "read", path: path, code: errno) }
        switch info.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFIFO: throw notRegular(path, "is a pipe and no regular file")
        case S_IFDIR: throw notRegular(path, "is a directory and no regular file")
        default: throw notRegular(path, "is a device and no regular file")
        }
    }

    private static func notRegular(_ path: String, _ what: String) -> CommandError {
        CommandError("\(path) \(what). move it away and run the command again")
    }

    /// The absolute form of a path.
    static func absolute(_ path: String) throws(FileError) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { throw FileError(action: "find", path: ".", code: errno) }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    /// Whether a file can be created or changed at a path. Directories between it and `base` may be missing.
    static func canHold(_ path: String, below base: String) -> Bool {
        let inside = base == "/" ? base : base + "/"
        var directory = path
        while let parent = parent(of: directory), parent != directory {
            directory = parent
            if access(directory, W_OK | X_OK) == 0 { return true }
            if errno != ENOENT || !directory.hasPrefix(inside) { return false }
        }
        return false
    }

    static func readToEnd(_ descriptor: Int32, path: String, maximum: Int = .max) throws(FileError) -> [UInt8] {
        guard let bytes = Descriptor.readToEnd(descriptor, maximum: maximum) else {
            throw FileError(action: "read", path: path, code: errno)
        }
        return bytes
    }

    /// Replaces a file as a whole: readers see the old bytes or the new ones. A link is followed.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws {
        var info = stat()
        // Something other than a regular file would be written into, and a pipe blocks until it has a reader.
        if stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG { throw notRegular(path, "is no regular file") }
        let replacement = try FileReplacement(path, mode: mode)
        try replacement.write(bytes)
        try replacement.commit()
    }

    /// Removes a file. Harmless when it doesn't exist.
    static func remove(_ path: String) {
        unlink(path)
    }

    /// Creates a directory and its parents with exactly this mode, regardless of the umask. Existing ones keep their
    /// mode.
    static func makeDirectory(_ path: String, mode: mode_t = 0o700) throws(FileError) {
        if try makeOne(path, mode) { return }
        guard let parent = parent(of: path), parent != path else {
            throw FileError(action: "create the directory", path: path, code: ENOENT)
        }
        try makeDirectory(parent, mode: mode)
        guard try makeOne(path, mode) else { throw FileError(action: "create the directory", path: path, code: ENOENT) }
    }

    /// - Returns: false when the parent directory is missing.
    private static func makeOne(_ path: String, _ mode: mode_t) throws(FileError) -> Bool {
        if mkdir(path, mode) == 0 {
            chmod(path, mode)
            return true
        }
        if errno == EEXIST { return true }
        if errno == ENOENT { return false }
        throw FileError(action: "create the directory", path: path, code: errno)
    }

    static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a directory, or none when it can't be read.
    static func names(in directory: String) -> [String] {
        (DirectoryNames.read(directory) ?? []).map { String(decoding: $0, as: UTF8.self) }
    }

    static func isExecutable(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// Runs `body` with an exclusive lock on a directory, which other processes of this program respect.
    static func withLock<T>(_ path: String, _ body: () throws -> T) throws -> T {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(action: "lock", path: path, code: errno) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError(action: "lock", path: path, code: errno) }
        }
        return try body()
    }
}
