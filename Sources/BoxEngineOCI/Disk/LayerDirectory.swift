import BoxEngine
import CLinux
import Glibc

/// The extended attributes by which overlayfs finds a directory's counterpart in the layers below. They are described
/// in the kernel's Documentation/filesystems/overlayfs.rst.
enum OverlayAttribute {
    static let opaque = "trusted.overlay.opaque"
    static let redirect = "trusted.overlay.redirect"
    static let lookUps: Set<String> = [opaque, redirect]

    /// The text of an absolute redirect.
    static func text(of path: [LayerDirectory.Name]) -> [UInt8] {
        path.flatMap { [UInt8(ascii: "/")] + $0.dropLast().map(UInt8.init(bitPattern:)) }
    }
}

/// An open directory of a layer.
final class LayerDirectory {
    /// A name's bytes, ended by a NUL. Names in a box needn't be UTF-8.
    typealias Name = [CChar]

    enum Kind { case missing, file, whiteout, directory }

    enum Redirect: Equatable {
        /// The directory has that name in the same parent.
        case sibling(Name)
        /// A path from the layer's root.
        case path([Name])
    }

    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    init(path: String) throws {
        descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostFiles.failure("read", path) }
    }

    deinit { close(descriptor) }

    private static func failure(_ verb: String, _ name: Name? = nil) -> EngineError {
        let bytes = (name ?? []).dropLast().map(UInt8.init(bitPattern:))
        return HostFiles.failure(verb, "\(String(decoding: bytes, as: UTF8.self)) in a layer", code: errno)
    }

    func open(_ name: Name) throws -> LayerDirectory {
        let child = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else { throw Self.failure("read", name) }
        return LayerDirectory(child)
    }

    func parent() throws -> LayerDirectory { try open(Array("..".utf8CString)) }

    /// Opens a directory that may be deeper than the longest possible path (PATH_MAX).
    func open(path: [Name]) throws -> LayerDirectory {
        var (directory, chunk) = (self, Name())
        for name in path {
            if chunk.count + name.count > Int(PATH_MAX) / 2 {
                directory = try directory.open(chunk + [0])
                chunk = []
            }
            chunk += (chunk.isEmpty ? [] : [0x2F]) + name.dropLast()
        }
        return try chunk.isEmpty ? directory : directory.open(chunk + [0])
    }

    func names() throws -> [Name] { try HostFiles.names(in: descriptor) }

    func kind(of name: Name) throws -> Kind {
        var found = stat()
        guard fstatat(descriptor, name, &found, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return .missing }
            throw Self.failure("read", name)
        }
        switch found.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFCHR where found.st_rdev == 0: return .whiteout
        default: return .file
        }
    }

    func link(_ name: Name, from source: LayerDirectory) throws {
        guard linkat(source.descriptor, name, descriptor, name, 0) == 0 else { throw Self.failure("link", name) }
    }

    func makeDirectory(_ name: Name) throws {
        guard mkdirat(descriptor, name, 0o700) == 0 else { throw Self.failure("create", name) }
    }

    // MARK: Attributes

    /// See ``ProjectQuota``.
    var project: UInt32? {
        let project = clinux_project(descriptor)
        return project == 0 ? nil : project
    }

    func setProject(_ project: UInt32) throws {
        let result = clinux_set_project(descriptor, project)
        guard result == 0 else { throw HostFiles.failure("set the project of", "a layer", code: -result) }
    }

    var isOpaque: Bool { attribute(OverlayAttribute.opaque) == Array("y".utf8) }

    func redirect() throws -> Redirect? {
        guard let value = attribute(OverlayAttribute.redirect) else { return nil }
        func name(_ bytes: ArraySlice<UInt8>) -> Name { bytes.map(CChar.init(bitPattern:)) + [0] }
        guard value.first == UInt8(ascii: "/") else { return .sibling(name(value[...])) }
        return .path(value.split(separator: UInt8(ascii: "/")).map(name))
    }

    func set(_ name: String, to value: [UInt8]) throws {
        guard fsetxattr(descriptor, name, value, value.count, 0) == 0 else {
            throw Self.failure("set \(name) of a file")
        }
    }

    /// Copies owner, mode, extended attributes and times, in an order in which none resets another.
    func copyAttributes(from source: LayerDirectory, leavingOut names: Set<String>) throws {
        let found = try source.status()
        guard fchown(descriptor, found.st_uid, found.st_gid) == 0, fchmod(descriptor, found.st_mode & 0o7777) == 0
        else {
            throw Self.failure("own")
        }
        for name in source.attributeNames where !names.contains(name) {
            if let value = source.attribute(name) { try set(name, to: value) }
        }
        guard futimens(descriptor, [found.st_atim, found.st_mtim]) == 0 else { throw Self.failure("date") }
    }

    private func status() throws -> stat {
        var found = stat()
        guard fstat(descriptor, &found) == 0 else { throw Self.failure("read") }
        return found
    }

    private var attributeNames: [String] {
        let size = flistxattr(descriptor, nil, 0)
        guard size > 0 else { return [] }
        var list = [CChar](repeating: 0, count: size)
        let count = flistxattr(descriptor, &list, size)
        return list.prefix(max(0, count)).split(separator: 0).map { name in
            String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private func attribute(_ name: String) -> [UInt8]? {
        let size = fgetxattr(descriptor, name, nil, 0)
        guard size >= 0 else { return nil }
        var value = [UInt8](repeating: 0, count: size)
        let count = fgetxattr(descriptor, name, &value, size)
        return count >= 0 ? Array(value.prefix(count)) : nil
    }
}
