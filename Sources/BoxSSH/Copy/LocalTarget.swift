internal import CSSH2
import Glibc

/// Where the bytes of one download go: a new file that gets its name when it is whole, or something that takes them as they come.
final class LocalTarget {
    /// Where they end up, links followed.
    let path: BytePath
    private var fd: Int32
    /// The new file's name meanwhile; nil for what is written into: devices, and a file whose directory is closed to us.
    private var part: BytePath?
    /// A regular file that is written into.
    private var isInPlace = false
    /// The permission bits that a file that was there keeps.
    private let keptMode: UInt32?
    private let isOurs: Bool
    private var isOpen = true
    private var hasHoles = false
    /// For what can't be written at any offset: the next one, and what came before its turn.
    private var position: UInt64 = 0
    private var early: [UInt64: [UInt8]] = [:]

    private static let blockSize = 32 * 1024

    /// - Parameter mode: for a file that isn't there yet, before the umask.
    init(_ target: BytePath, mode: UInt32) throws(FileFailure) {
        let (path, old) = try Self.resolve(target)
        if old?.isDirectory == true { throw FileFailure(path: path, reason: "it is a directory here") }
        self.path = path
        isOurs = true
        if let old, !old.isRegular, !old.isLink {
            part = nil
            keptMode = nil
            fd = try LocalFile.open(path, O_WRONLY)
        } else {
            let part = path.temporarySibling
            self.part = part
            keptMode = old.flatMap { $0.isLink ? nil : $0.mode & 0o777 }
            do {
                fd = try LocalFile.open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: keptMode ?? mode)
            } catch  where error.isDenied && keptMode != nil {
                self.part = nil
                isInPlace = true
                fd = try LocalFile.open(path, O_WRONLY | O_TRUNC)
            } catch {
                // The part's name means nothing to the user.
                throw FileFailure(path: path, reason: error.reason)
            }
        }
    }

    /// Goes on with what an earlier copy left.
    init(_ path: BytePath, part: BytePath, keptMode: UInt32?) throws(FileFailure) {
        (self.path, self.part, self.keptMode, isOurs) = (path, part, keptMode, true)
        fd = try LocalFile.open(part, O_WRONLY | O_NOFOLLOW)
    }

    /// Whatever takes bytes, such as standard output; it stays the caller's.
    init(descriptor: Int32, name: BytePath) {
        (fd, path, part, keptMode, isOurs) = (descriptor, name, nil, nil, false)
    }

    /// The file that a path names, links followed; a link that leads nowhere stands for itself.
    static func resolve(_ target: BytePath) throws(FileFailure) -> (BytePath, LocalFile.Attributes?) {
        guard let link = try LocalFile.linkStatus(target) else { return (target, nil) }
        guard link.isLink, let there = try LocalFile.status(target) else { return (target, link) }
        return (try LocalFile.realPath(target), there)
    }

    // MARK: Bytes

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileFailure) {
        guard part == nil else { return try writeBlocks(bytes, at: offset) }
        guard offset == position else {
            early[offset] = Array(bytes)
            return
        }
        try append(bytes)
        while let next = early.removeValue(forKey: position) {
            // Typed throws don't pass through withUnsafeBytes.
            let result = next.withUnsafeBytes { bytes in Result { () throws(FileFailure) in try append(bytes) } }
            try result.get()
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        guard writeAll(fd, bytes) else { throw LocalFile.failed(path) }
        position += UInt64(bytes.count)
    }

    /// Blocks without anything but zeros become holes.
    private func writeBlocks(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileFailure) {
        var start = 0
        var end = 0
        func flush() throws(FileFailure) {
            guard start < end else { return }
            let run = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            guard writeAll(fd, run, at: offset + UInt64(start)) else { throw LocalFile.failed(path) }
        }
        while end < bytes.count {
            let count = min(Self.blockSize, bytes.count - end)
            if Self.isZero(UnsafeRawBufferPointer(rebasing: bytes[end..<end + count])) {
                try flush()
                hasHoles = true
                end += count
                start = end
            } else {
                end += count
            }
        }
        try flush()
    }

    private static func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
        // Each byte is the same as its neighbour, and the first is 0.
        block[0] == 0 && memcmp(block.baseAddress!, block.baseAddress! + 1, block.count - 1) == 0
    }

    // MARK: Ending

    /// The bytes are all there.
    func finish(size: UInt64, mode: UInt32?, times: (access: UInt32, modification: UInt32)?) throws(FileFailure) {
        if hasHoles, ftruncate(fd, off_t(size)) != 0 { throw LocalFile.failed(path) }
        let isFile = part != nil || isInPlace
        if isFile, let mode = mode ?? (isInPlace ? nil : keptMode), fchmod(fd, mode_t(mode)) != 0 {
            throw LocalFile.failed(path)
        }
        // Some file systems tell of a full disk only here.
        guard closeFile() else { throw LocalFile.failed(path) }
        if isFile, let times {
            try LocalFile.setTimes(part ?? path, access: times.access, modification: times.modification)
        }
        guard let part else { return }
        do throws(FileFailure) {
            try LocalFile.rename(part, to: path)
        } catch  where error.isDenied && keptMode != nil {
            // In a directory such as /tmp everybody may make files, and only a file's owner may replace it.
            try LocalFile.copyBytes(from: part, into: path)
            LocalFile.remove(part)
        }
    }

    /// Nothing stays that could be taken for the file. Also after a ``finish(size:mode:times:)`` that failed.
    func discard() {
        _ = closeFile()
        if let part { LocalFile.remove(part) }
    }

    /// For a later copy that resumes.
    func keep() { _ = closeFile() }

    private func closeFile() -> Bool {
        guard isOpen else { return true }
        isOpen = false
        return !isOurs || close(fd) == 0
    }
}

/// pwrite(2) until everything is written; false with errno set when that failed.
private func writeAll(_ fd: Int32, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Bool {
    var done = 0
    while done < bytes.count {
        let count = pwrite(fd, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
    }
    return true
}
