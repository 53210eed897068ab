import Glibc

/// The names in a directory, as bytes, since they needn't be UTF-8. They are in the file system's order, without `.` and `..`.
package enum DirectoryNames {
    /// - Returns: nil after a failure, with its number in errno.
    package static func read(_ path: UnsafePointer<CChar>) -> [[UInt8]]? { opendir(path).flatMap(readToEnd) }

    /// - Parameter descriptor: an open directory, which stays where it is and open.
    package static func read(_ descriptor: Int32) -> [[UInt8]]? {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return nil }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return nil
        }
        return readToEnd(stream)
    }

    private static func readToEnd(_ stream: OpaquePointer) -> [[UInt8]]? {
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            // readdir(3): nil is the end or a failure, and only errno says which.
            errno = 0
            guard let entry = readdir(stream) else { return errno == 0 ? names : nil }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
        }
    }
}
