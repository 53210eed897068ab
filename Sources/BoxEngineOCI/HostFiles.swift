import BoxEngine
import CLinux
import FoundationEssentials
import Glibc

/// Small file operations whose failures name the file.
enum HostFiles {
    /// Writes through a temporary name, so that a reader sees the old contents or the new ones and a crash leaves no half.
    static func write(_ text: String, to path: String, mode: mode_t = 0o600, owner: uid_t = 0) throws {
        let temporary = "\(path).tmp"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("write", temporary) }
            written += count
        }
        guard fchmod(descriptor, mode) == 0, fchown(descriptor, owner, owner) == 0 else {
            throw failure("own", temporary)
        }
        guard Glibc.rename(temporary, path) == 0 else { throw failure("rename", temporary) }
    }

    /// Flushes a file system, so that a rename which comes next can't outlive the data that it points to.
    static func sync(fileSystemOf path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = clinux_sync_file_system(descriptor)
        close(descriptor)
    }

    static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    static func makeDirectory(_ path: String, mode: mode_t = 0o700, owner: uid_t = 0, group: gid_t? = nil) throws {
        if mkdir(path, mode) != 0 && errno != EEXIST { throw failure("create", path) }
        guard chmod(path, mode) == 0, chown(path, owner, group ?? owner) == 0 else { throw failure("own", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func rename(_ source: String, to target: String) throws {
        guard Glibc.rename(source, target) == 0 else { throw failure("rename", source) }
    }

    static func list(_ directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? []
    }

    /// Removes a tree without following links. Harmless when it is missing.
    static func removeTree(_ path: String) throws {
        guard exists(path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw EngineError(.failed, "the host could not remove files", diagnostics: "\(path): \(error)")
        }
    }

    static func failure(_ verb: String, _ path: String, code: Int32 = errno) -> EngineError {
        let reason = code == ENOSPC ? "the host's disk is full" : "the host could not \(verb) a file"
        return EngineError(.failed, reason, diagnostics: "\(verb) \(path): \(String(cString: strerror(code)))")
    }
}
