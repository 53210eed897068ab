import BoxClient
import Glibc

/// The few file operations that the command line needs, on the C library.
enum Files {
    /// - Returns: nil when there is no such file.
    ///
    /// - Parameters:
    ///   - maximum: in bytes; a longer file fails with `EFBIG`.
    ///   - waits: false where a pipe in the file's place is as good as no bytes.
    static func read(_ path: String, maximum: Int = .max, waits: Bool = true) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK))
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError(action: "read", path: path, code: errno)
        }
        defer { close(descriptor) }
        return try readToEnd(descriptor, path: path, maximum: maximum)
    }

    static func readToEnd(_ descriptor: Int32, path: String, maximum: Int = .max) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                guard bytes.count + count <= maximum else { throw FileError(action: "read", path: path, code: EFBIG) }
                bytes += buffer[..<count]
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw FileError(action: "read", path: path, code: errno)
            }
        }
    }

    /// Replaces a file as a whole: readers see the old bytes or the new ones. A link is followed.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws(FileError) {
        let replacement = try FileReplacement(path, mode: mode)
        try replacement.write(bytes)
        try replacement.commit()
    }

    /// Harmless when there is no such file.
    static func remove(_ path: String) {
        unlink(path)
    }

    /// Makes a folder and those above it. Existing ones keep their mode.
    static func makeFolder(_ path: String, mode: mode_t = 0o700) throws(FileError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let parent = parent(of: path), parent != path else {
            throw FileError(action: "create the folder", path: path, code: errno)
        }
        try makeFolder(parent, mode: mode)
        if mkdir(path, mode) != 0, errno != EEXIST {
            throw FileError(action: "create the folder", path: path, code: errno)
        }
    }

    static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a folder, or none when it can't be read.
    static func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func isExecutable(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// Runs with an exclusive lock on a folder, which other processes of this program respect too.
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
