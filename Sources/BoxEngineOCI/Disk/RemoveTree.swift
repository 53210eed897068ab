import BoxEngine
import BoxSystem
import Glibc

extension HostFiles {
    /// Removes a tree of any depth and with any names, without following links. Harmless when it doesn't exist.
    ///
    /// It goes down and up by descriptors instead of paths, since users make trees deeper than the longest possible
    /// path. Only one directory is open at a time. Nothing else may change the tree meanwhile.
    static func removeTree(_ path: String) throws {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw failure("remove", path) }
        var directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw failure("remove", path) }
        defer { close(directory) }
        var above: [[CChar]] = []
        while true {
            if let child = try emptyUntilSubdirectory(directory, path) {
                let next = openat(directory, child, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard next >= 0 else { throw failure("remove", path) }
                close(directory)
                directory = next
                above.append(child)
            } else if let name = above.popLast() {
                let parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                guard parent >= 0 else { throw failure("remove", path) }
                close(directory)
                directory = parent
                guard unlinkat(directory, name, AT_REMOVEDIR) == 0 else { throw failure("remove", path) }
            } else {
                guard rmdir(path) == 0 else { throw failure("remove", path) }
                return
            }
        }
    }

    /// Removes a directory's contents.
    ///
    /// - Returns: the name of a subdirectory that must be emptied first, or nil when the directory is empty.
    private static func emptyUntilSubdirectory(_ directory: Int32, _ path: String) throws -> [CChar]? {
        for name in try names(in: directory) {
            if unlinkat(directory, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw failure("remove", path) }
            if unlinkat(directory, name, AT_REMOVEDIR) == 0 { continue }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw failure("remove", path) }
            return name
        }
        return nil
    }

    /// The names in an open directory, as bytes, since they needn't be UTF-8.
    static func names(in directory: Int32) throws -> [[CChar]] {
        guard let names = DirectoryNames.read(directory) else { throw failure("read", "a directory") }
        return names.map { $0.map(CChar.init(bitPattern:)) + [0] }
    }
}
