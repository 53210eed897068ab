import BoxModel
import BoxSystem
internal import CSSH2
import Glibc

/// The host keys of boxes, in a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) with box ids as host names.
///
/// OpenSSH reads the same file with `-o HostKeyAlias=<box id> -o UserKnownHostsFile=<path>`. Processes that change the
/// file at the same time lock it with flock(2). Errors are ``SSHError/Kind/knownHostsUnusable``.
public struct KnownHosts: Sendable {
    public let path: String

    /// A pinned key and its line in the file.
    public struct Line: Sendable, Equatable {
        /// Counted from 1.
        public let number: Int
        public let keyType: String
        /// The key's wire form.
        public let key: [UInt8]
    }

    public enum Check: Sendable, Equatable {
        /// The key is the pinned one.
        case match
        /// No key is pinned for this box.
        case unknown
        /// Another key is pinned for this box.
        case changed(Line)
    }

    public init(path: String) { self.path = path }

    /// Compares a key with the pinned one. A missing file has no pins.
    public func check(boxID: String, keyType: String, key: [UInt8]) throws(SSHError) -> Check {
        try Self.compare(pins(boxID: boxID), keyType, key)
    }

    /// Pins a box's key when none is pinned yet. Returns what the check found under the lock: `.unknown` means that the
    /// pin was added now.
    @discardableResult
    public func pin(boxID: String, keyType: String, key: [UInt8]) throws(SSHError) -> Check {
        guard Self.isHostName(boxID), Self.isHostName(keyType) else {
            throw SSHError(.knownHostsUnusable, "\(displayText(boxID.utf8)) can't stand in a known_hosts file")
        }
        let fd = try lock(create: true)
        defer { close(fd) }
        let text = try Self.readAll(fd, path)
        let found = Self.compare(Self.pins(boxID, in: text), keyType, key)
        guard found == .unknown else { return found }
        let start = text.isEmpty || text.last == 10 ? "" : "\n"
        guard Descriptor.write(Array("\(start)\(boxID) \(keyType) \(Base64.encode(key))\n".utf8), to: fd) else {
            throw failed("write")
        }
        return .unknown
    }

    /// Removes every key of a box, if there is one. Other lines stay as they are.
    public func remove(boxID: String) throws(SSHError) {
        guard access(path, F_OK) == 0 else { return }
        let fd = try lock(create: false)
        defer { close(fd) }
        let text = try Self.readAll(fd, path)
        var kept: [UInt8] = []
        for line in text.split(separator: 10, omittingEmptySubsequences: false) {
            if Self.parse(line, number: 0, boxID: boxID) == nil { kept += line + [10] }
        }
        // After the final newline the split has one more, empty piece, which isn't a line.
        if text.last == 10 || text.isEmpty { kept.removeLast() }
        guard kept.count < text.count else { return }
        let temporary = "\(path).\(getpid()).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let new = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard new >= 0 else { throw failed("write") }
        let written = Descriptor.write(kept, to: new) && fsync(new) == 0
        guard close(new) == 0, written, rename(temporary, path) == 0 else {
            let error = failed("write")
            unlink(temporary)
            throw error
        }
    }

    /// The keys pinned for a box. There is more than one only if a user added them.
    public func pins(boxID: String) throws(SSHError) -> [Line] {
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard fd >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw failed("read")
        }
        defer { close(fd) }
        try requireRegular(fd)
        return Self.pins(boxID, in: try Self.readAll(fd, path))
    }

    /// OpenSSH's fingerprint of a key: `SHA256:` and unpadded base64.
    public static func fingerprint(_ key: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = SHA256(key, key.count, &digest)
        return "SHA256:" + Base64.encode(digest).prefix { $0 != "=" }
    }

    private static func compare(_ pins: [Line], _ keyType: String, _ key: [UInt8]) -> Check {
        guard let first = pins.first else { return .unknown }
        if pins.contains(where: { $0.keyType == keyType && $0.key == key }) { return .match }
        return .changed(pins.first { $0.keyType == keyType } ?? first)
    }

    private static func pins(_ boxID: String, in text: [UInt8]) -> [Line] {
        text.split(separator: 10, omittingEmptySubsequences: false).enumerated().compactMap {
            parse($0.element, number: $0.offset + 1, boxID: boxID)
        }
    }

    /// The line, if it names the box. Comments, markers and hashed names never match.
    private static func parse(_ line: ArraySlice<UInt8>, number: Int, boxID: String) -> Line? {
        let words = line.split { $0 == 32 || $0 == 9 || $0 == 13 }
        guard words.count >= 3,
            words[0].split(separator: UInt8(ascii: ",")).contains(where: { $0.elementsEqual(boxID.utf8) }),
            let key = Base64.decode(String(decoding: words[2], as: UTF8.self))
        else { return nil }
        return Line(number: number, keyType: String(decoding: words[1], as: UTF8.self), key: key)
    }

    private static func isHostName(_ text: String) -> Bool {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@[]".utf8)
        return !text.isEmpty && text.utf8.allSatisfy(allowed.contains) && !text.hasPrefix("@")
    }

    private func lock(create: Bool) throws(SSHError) -> Int32 {
        if create { try makeDirectory() }
        while true {
            let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (create ? O_CREAT : 0)
            let fd = open(path, flags, 0o600)
            guard fd >= 0 else { throw failed("write") }
            do throws(SSHError) {
                try requireRegular(fd)
            } catch {
                close(fd)
                throw error
            }
            while flock(fd, LOCK_EX) != 0 {
                if errno == EINTR { continue }
                let error = failed("lock")
                close(fd)
                throw error
            }
            // remove(boxID:) may have replaced the file while we waited. Then the locked file has no name any more.
            var locked = stat()
            var named = stat()
            if fstat(fd, &locked) == 0, stat(path, &named) == 0, locked.st_ino == named.st_ino,
                locked.st_dev == named.st_dev
            {
                return fd
            }
            close(fd)
        }
    }

    /// Refuses a pipe, for example, because opening or reading it would block.
    private func requireRegular(_ fd: Int32) throws(SSHError) {
        var info = stat()
        guard fstat(fd, &info) == 0 else { throw failed("read") }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw SSHError(
                .knownHostsUnusable, "\(path) is no regular file; move it away and run the command again")
        }
    }

    private func makeDirectory() throws(SSHError) {
        var end = path.startIndex
        while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
            guard mkdir(String(path[..<slash]), 0o700) == 0 || errno == EEXIST || errno == EISDIR || errno == EROFS
            else {
                throw failed("write")
            }
            end = slash
        }
    }

    private static func readAll(_ fd: Int32, _ path: String) throws(SSHError) -> [UInt8] {
        lseek(fd, 0, SEEK_SET)
        guard let bytes = Descriptor.readToEnd(fd) else { throw KnownHosts(path: path).failed("read") }
        return bytes
    }

    private func failed(_ verb: String) -> SSHError {
        SSHError(.knownHostsUnusable, "can't \(verb) \(path): \(errorText(errno)); check its owner and permissions")
    }
}
