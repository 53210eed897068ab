import BoxEngine
import BoxSystem
import CLinux
import Glibc

/// Small file operations whose failures name the file.
enum HostFiles {
    /// Writes through a temporary file, so that readers see the old or the new contents, and a crash leaves no partial
    /// file.
    static func write(_ text: String, to path: String, mode: mode_t = 0o600, owner: uid_t = 0) throws {
        let temporary = "\(path).tmp"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { close(descriptor) }
        try write(Array(text.utf8), to: descriptor, temporary)
        guard fchmod(descriptor, mode) == 0, fchown(descriptor, owner, owner) == 0 else {
            throw failure("own", temporary)
        }
        guard Glibc.rename(temporary, path) == 0 else { throw failure("rename", temporary) }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
        guard Descriptor.write(bytes, to: descriptor) else { throw failure("write", path) }
    }

    /// Flushes a file system, so that a rename that follows can't reach the disk before the data.
    static func sync(fileSystemOf path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = clinux_sync_file_system(descriptor)
        close(descriptor)
    }

    /// The file's text, or nil when it can't be read. It is for files that may be absent, such as those in /proc.
    static func read(_ path: String) -> String? { try? readIfThere(path) }

    /// The file's text, or nil when there is no such file.
    ///
    /// - Throws: when the file exists and can't be read.
    static func readIfThere(_ path: String) throws -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read", path)
        }
        defer { close(descriptor) }
        return try readToEnd(descriptor, path)
    }

    static func readToEnd(_ descriptor: Int32, _ path: String) throws -> String {
        guard let bytes = Descriptor.readToEnd(descriptor) else { throw failure("read", path) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func makeDirectory(_ path: String, mode: mode_t = 0o700, owner: uid_t = 0, group: gid_t? = nil) throws {
        if mkdir(path, mode) != 0 && errno != EEXIST { throw failure("create", path) }
        guard chmod(path, mode) == 0, chown(path, owner, group ?? owner) == 0 else { throw failure("own", path) }
    }

    /// Whether a file of any type has that name. A link counts even if it leads nowhere.
    static func exists(_ path: String) -> Bool {
        var found = stat()
        return lstat(path, &found) == 0
    }

    /// The target of a symbolic link, or nil when there is no link.
    static func linkTarget(_ path: String) -> String? {
        var target = [UInt8](repeating: 0, count: 4096)
        let count = target.withUnsafeMutableBytes { bytes in
            readlink(path, bytes.assumingMemoryBound(to: CChar.self).baseAddress!, bytes.count)
        }
        return count > 0 ? String(decoding: target.prefix(count), as: UTF8.self) : nil
    }

    /// Makes a symbolic link, or replaces an existing one atomically, so that readers see the old or the new one.
    static func link(_ target: String, at path: String) throws {
        let temporary = "\(path).tmp"
        unlink(temporary)
        guard symlink(target, temporary) == 0 else { throw failure("link", temporary) }
        try rename(temporary, to: path)
    }

    static func rename(_ source: String, to target: String) throws {
        guard Glibc.rename(source, target) == 0 else { throw failure("rename", source) }
    }

    /// The names in a directory, sorted; none when there is no such directory.
    ///
    /// - Throws: when the directory exists and can't be read. It must not be taken for an empty one.
    static func list(_ directory: String) throws -> [String] {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw failure("read", directory)
        }
        defer { close(descriptor) }
        return try names(in: descriptor).map { name in name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        }
        .sorted()
    }

    static func failure(_ verb: String, _ path: String, code: Int32 = errno) -> EngineError {
        let reason = code == ENOSPC ? "the host's disk is full" : "the host could not \(verb) a file"
        return EngineError(.failed, reason, diagnostics: "\(verb) \(path): \(errnoText(code))")
    }
}
