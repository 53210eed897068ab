import BoxSystem
internal import CSSH2
import Glibc

/// Finds what an earlier copy left of a file, and proves that it is the file's beginning.
enum CopyResume {
    /// The longest unfinished copy of a file that is no longer than the source.
    ///
    /// - Parameter entries: names and sizes in the directory of `path`.
    static func part(of path: BytePath, among entries: [(name: BytePath, size: Int64)], upTo limit: Int64)
        -> (path: BytePath, size: Int64)?
    {
        let prefix = path.temporaryPrefix
        return entries.filter { $0.name.starts(with: prefix) && $0.size > 0 && $0.size <= limit }
            .max { $0.size < $1.size }
            .map { (path.parent.child($0.name), $0.size) }
    }
}

extension SFTPClient {
    /// Whether the first `count` bytes of a file on the box and of a local file are the same.
    ///
    /// It is also false when the box has no `sha256sum`.
    func isSame(_ remote: BytePath, as local: Int32, first count: Int64) throws -> Bool {
        // A command may start in another directory than SFTP does, so the path must be absolute.
        guard let path = String(validating: try now { realPath(remote, $0) }, as: UTF8.self), path.hasPrefix("/") else {
            return false
        }
        let command = "head -c \(count) \(RemoteCommand.quoted(path)) | sha256sum"
        guard let theirs = try connection.output(of: command, limit: 64) else { return false }
        return FileDigest.sha256(local, first: count) == String(decoding: theirs, as: UTF8.self)
    }
}

/// SHA-256 of a file, in hexadecimal.
enum FileDigest {
    /// The digest of the first `count` bytes; nil when the file can't be read or is shorter.
    static func sha256(_ fd: Int32, first count: Int64) -> String? {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 128 * 1024)
        var done: Int64 = 0
        while done < count {
            let got = pread(fd, &buffer, min(buffer.count, Int(count - done)), off_t(done))
            if got < 0, errno == EINTR { continue }
            guard got > 0, EVP_DigestUpdate(context, buffer, got) == 1 else { return nil }
            done += Int64(got)
        }
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { return nil }
        return digest.hexadecimal
    }
}
