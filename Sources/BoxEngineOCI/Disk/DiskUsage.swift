import BoxEngine
import CLinux
import Glibc

extension HostFiles {
    /// How many levels of directories are counted. Each level needs a descriptor.
    private static let deepestCount = 200

    /// The disk use of a tree, in blocks of 512 bytes. A file with several names counts once.
    ///
    /// The tree may change meanwhile, and directories in it may be moved. So the walk never follows `..`, which could
    /// then lead out of the tree. Files that can't be read any more aren't counted.
    static func blocks(below path: String) -> Int {
        let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { return 0 }
        var counted: Set<ino_t> = []
        return blocks(in: root, depth: 0, counted: &counted)
    }

    /// Counts an open directory and closes it.
    private static func blocks(in directory: Int32, depth: Int, counted: inout Set<ino_t>) -> Int {
        defer { close(directory) }
        var sum = 0
        for name in (try? names(in: directory)) ?? [] {
            var found = stat()
            guard fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let isDirectory = found.st_mode & S_IFMT == S_IFDIR
            if !isDirectory, found.st_nlink > 1, !counted.insert(found.st_ino).inserted { continue }
            sum += Int(found.st_blocks)
            guard isDirectory, depth < deepestCount else { continue }
            let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if child >= 0 { sum += blocks(in: child, depth: depth + 1, counted: &counted) }
        }
        return sum
    }
}
