import BoxEngine
import CLinux
import Glibc

/// Puts layers on top of each other into one, as overlayfs would show them, whiteouts and opaque folders included.
///
/// Sealed layers never change, so the merged layer's files are hard links to theirs: merging costs time by the number of files and
/// no space. All layers have to have the same id base. Overlayfs's on-disk form is described in the kernel's
/// Documentation/filesystems/overlayfs.rst.
struct LayerMerge {
    /// A path as bytes with a NUL at its end: names in a box needn't be UTF-8.
    private typealias Path = [CChar]

    private static let opaque = "trusted.overlay.opaque"

    /// - Parameters:
    ///   - layers: from the lowest to the highest.
    ///   - target: a folder that doesn't exist yet.
    static func merge(_ layers: [String], into target: String) throws {
        let target = Path(target.utf8CString)
        try makeFolder(target)
        for layer in layers.map({ Path($0.utf8CString) }) {
            try apply(layer, to: target)
            try copyAttributes(of: layer, to: target)
        }
    }

    private static func apply(_ upper: Path, to lower: Path) throws {
        for name in try names(in: upper) {
            let (source, target) = (upper.dropLast() + [0x2F] + name, lower.dropLast() + [0x2F] + name)
            guard isFolder(source) else {
                try remove(target)
                guard link(source, target) == 0 else { throw failure("link", source) }
                continue
            }
            let isNew = !isFolder(target) || isOpaque(source)
            let hidesSomething = isNew && status(target) != nil
            if isNew {
                try remove(target)
                try makeFolder(target)
            }
            try apply(source, to: target)
            try copyAttributes(of: source, to: target)
            // What lay below the merged layers stays hidden, where a whiteout or a file hid it.
            if hidesSomething { try setAttribute(opaque, Array("y".utf8), of: target) }
        }
    }

    /// Owner, mode, extended attributes and times, in the order in which none undoes another.
    private static func copyAttributes(of source: Path, to target: Path) throws {
        guard let found = status(source) else { throw failure("read", source) }
        guard lchown(target, found.st_uid, found.st_gid) == 0, chmod(target, found.st_mode & 0o7777) == 0 else {
            throw failure("own", target)
        }
        for name in attributeNames(of: source) {
            if let value = attribute(name, of: source) { try setAttribute(name, value, of: target) }
        }
        let times = [found.st_atim, found.st_mtim]
        guard utimensat(AT_FDCWD, target, times, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure("date", target) }
    }

    // MARK: The file system

    private static func failure(_ verb: String, _ path: Path) -> EngineError {
        HostFiles.failure(verb, text(path), code: errno)
    }

    private static func text(_ path: Path) -> String {
        String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func makeFolder(_ path: Path) throws {
        guard mkdir(path, 0o700) == 0 else { throw failure("create", path) }
    }

    /// Removes a file, or a folder with what is in it.
    private static func remove(_ path: Path) throws {
        if unlink(path) == 0 || errno == ENOENT || (errno == EISDIR && rmdir(path) == 0) { return }
        for name in try names(in: path) { try remove(path.dropLast() + [0x2F] + name) }
        guard rmdir(path) == 0 else { throw failure("remove", path) }
    }

    private static func names(in path: Path) throws -> [Path] {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw failure("read", path) }
        defer { close(folder) }
        return try HostFiles.names(in: folder)
    }

    private static func status(_ path: Path) -> stat? {
        var found = stat()
        return lstat(path, &found) == 0 ? found : nil
    }

    private static func isFolder(_ path: Path) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    private static func isOpaque(_ path: Path) -> Bool { attribute(opaque, of: path) == Array("y".utf8) }

    private static func attributeNames(of path: Path) -> [String] {
        let size = llistxattr(path, nil, 0)
        guard size > 0 else { return [] }
        var list = [CChar](repeating: 0, count: size)
        let count = llistxattr(path, &list, size)
        return list.prefix(max(0, count)).split(separator: 0).map { name in
            String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private static func attribute(_ name: String, of path: Path) -> [UInt8]? {
        let size = lgetxattr(path, name, nil, 0)
        guard size >= 0 else { return nil }
        var value = [UInt8](repeating: 0, count: size)
        let count = lgetxattr(path, name, &value, size)
        return count >= 0 ? Array(value.prefix(count)) : nil
    }

    private static func setAttribute(_ name: String, _ value: [UInt8], of path: Path) throws {
        guard lsetxattr(path, name, value, value.count, 0) == 0 else { throw failure("set \(name) of", path) }
    }
}
