import BoxEngine
import CLinux
import Glibc

/// Puts layers on top of each other into one, as overlayfs would show them, whiteouts and opaque folders included.
///
/// Sealed layers never change, so the merged layer's files are hard links to theirs: merging costs time by the number of files and
/// no space. All layers have to have the same id base. Overlayfs's on-disk form is described in the kernel's
/// Documentation/filesystems/overlayfs.rst.
struct LayerMerge {
    private static let opaque = "trusted.overlay.opaque"

    /// - Parameters:
    ///   - layers: from the lowest to the highest.
    ///   - target: a folder that doesn't exist yet.
    static func merge(_ layers: [String], into target: String) throws {
        for (index, layer) in layers.enumerated() {
            if index == 0 { try makeFolder(like: layer, at: target) }
            try apply(layer, to: target)
            try copyAttributes(of: layer, to: target)
        }
    }

    private static func apply(_ upper: String, to lower: String) throws {
        for name in try names(in: upper) {
            let (source, target) = ("\(upper)/\(name)", "\(lower)/\(name)")
            guard isFolder(source) else {
                try HostFiles.removeTree(target)
                guard link(source, target) == 0 else { throw HostFiles.failure("link", source) }
                continue
            }
            if isFolder(target), !isOpaque(source) {
                try apply(source, to: target)
            } else {
                let hidSomething = status(target) != nil
                try HostFiles.removeTree(target)
                try makeFolder(like: source, at: target)
                try apply(source, to: target)
                try copyAttributes(of: source, to: target)
                // What lay below the merged layers stays hidden, where a whiteout or a file hid it.
                if hidSomething { try setAttribute(opaque, Array("y".utf8), of: target) }
                continue
            }
            try copyAttributes(of: source, to: target)
        }
    }

    private static func makeFolder(like source: String, at target: String) throws {
        guard mkdir(target, 0o700) == 0 else { throw HostFiles.failure("create", target) }
    }

    /// Owner, mode, extended attributes and times, in the order in which none undoes another.
    private static func copyAttributes(of source: String, to target: String) throws {
        guard let found = status(source) else { throw HostFiles.failure("read", source) }
        guard lchown(target, found.st_uid, found.st_gid) == 0, chmod(target, found.st_mode & 0o7777) == 0 else {
            throw HostFiles.failure("own", target)
        }
        for name in attributeNames(of: source) {
            if let value = attribute(name, of: source) { try setAttribute(name, value, of: target) }
        }
        let times = [found.st_atim, found.st_mtim]
        guard utimensat(AT_FDCWD, target, times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw HostFiles.failure("date", target)
        }
    }

    // MARK: The file system

    private static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw HostFiles.failure("read", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    private static func status(_ path: String) -> stat? {
        var found = stat()
        return lstat(path, &found) == 0 ? found : nil
    }

    private static func isFolder(_ path: String) -> Bool {
        status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    private static func isOpaque(_ path: String) -> Bool { attribute(opaque, of: path) == Array("y".utf8) }

    private static func attributeNames(of path: String) -> [String] {
        let size = llistxattr(path, nil, 0)
        guard size > 0 else { return [] }
        var list = [UInt8](repeating: 0, count: size)
        let count = list.withUnsafeMutableBytes {
            llistxattr(path, $0.baseAddress?.assumingMemoryBound(to: CChar.self), size)
        }
        return list.prefix(max(0, count)).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func attribute(_ name: String, of path: String) -> [UInt8]? {
        let size = lgetxattr(path, name, nil, 0)
        guard size >= 0 else { return nil }
        var value = [UInt8](repeating: 0, count: size)
        let count = lgetxattr(path, name, &value, size)
        return count >= 0 ? Array(value.prefix(count)) : nil
    }

    private static func setAttribute(_ name: String, _ value: [UInt8], of path: String) throws {
        guard lsetxattr(path, name, value, value.count, 0) == 0 else { throw HostFiles.failure("set \(name) of", path) }
    }
}
