import BoxEngine
import CLinux
import Glibc

extension HostFiles {
    /// How many directories deep a tree is counted. Each takes a descriptor.
    private static let deepestCount = 200

    /// What a tree takes of the disk, in blocks of 512 bytes. A file with several names counts once.
    ///
    /// Somebody may change the tree meanwhile, and move directories in it. So there is no way up by `..`, which could then lead out of the
    /// tree; what can't be read any more isn't counted.
    static func blocks(below path: String) -> Int {
        let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { return 0 }
        var counted: Set<ino_t> = []
        return blocks(in: root, depth: 0, counted: &counted)
    }

    /// Closes the directory.
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
