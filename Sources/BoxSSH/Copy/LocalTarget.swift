import BoxSystem
internal import CSSH2
import Glibc

/// Receives the bytes of one download. It is a new file that gets its final name when it is complete, or something that
/// is written in place.
final class LocalTarget {
    /// The final path, with symbolic links followed.
    let path: BytePath
    private var fd: Int32
    /// The temporary name of the new file. It is nil for a target that is written in place: a device, or a file whose
    /// directory we can't write to.
    private var part: BytePath?
    /// Whether it is a regular file that is written in place.
    private var isInPlace = false
    /// The permission bits of an existing file, which keeps them.
    private let keptMode: UInt32?
    private let isOurs: Bool
    private var isOpen = true
    private var hasHoles = false
    /// For a target that can't be written at any offset: the next offset, and the bytes that arrived too early.
    private var position: UInt64 = 0
    private var early: [UInt64: [UInt8]] = [:]

    private static let blockSize = 32 * 1024

    /// - Parameter mode: for a file that doesn't exist yet, before the umask.
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
                // The failure names the target, because the user doesn't know the temporary name.
                throw FileFailure(path: path, reason: error.reason)
            }
        }
    }

    /// Resumes the unfinished file of an earlier copy.
    init(_ path: BytePath, part: BytePath, keptMode: UInt32?) throws(FileFailure) {
        (self.path, self.part, self.keptMode, isOurs) = (path, part, keptMode, true)
        fd = try LocalFile.open(part, O_WRONLY | O_NOFOLLOW)
    }

    /// Writes to any descriptor, such as standard output. The caller still owns it.
    init(descriptor: Int32, name: BytePath) {
        (fd, path, part, keptMode, isOurs) = (descriptor, name, nil, nil, false)
    }

    /// The file that a path names, with symbolic links followed. A link that leads nowhere is returned itself.
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
        guard Descriptor.write(bytes, to: fd) else { throw LocalFile.failed(path) }
        position += UInt64(bytes.count)
    }

    /// Writes bytes at an offset. Blocks of zeros become holes.
    private func writeBlocks(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileFailure) {
        var start = 0
        var end = 0
        func flush() throws(FileFailure) {
            guard start < end else { return }
            let run = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            guard Descriptor.write(run, to: fd, at: Int64(offset) + Int64(start)) else { throw LocalFile.failed(path) }
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
        // Each byte equals its neighbour, and the first is 0.
        block[0] == 0 && memcmp(block.baseAddress!, block.baseAddress! + 1, block.count - 1) == 0
    }

    // MARK: Ending

    /// Gives the complete file its size, mode, times and name.
    func finish(size: UInt64, mode: UInt32?, times: (access: UInt32, modification: UInt32)?) throws(FileFailure) {
        if hasHoles, ftruncate(fd, off_t(size)) != 0 { throw LocalFile.failed(path) }
        let isFile = part != nil || isInPlace
        if isFile, let mode = mode ?? (isInPlace ? nil : keptMode), fchmod(fd, mode_t(mode)) != 0 {
            throw LocalFile.failed(path)
        }
        // Some file systems report a full disk only on close.
        guard closeFile() else { throw LocalFile.failed(path) }
        if isFile, let times {
            try LocalFile.setTimes(part ?? path, access: times.access, modification: times.modification)
        }
        guard let part else { return }
        do throws(FileFailure) {
            try LocalFile.rename(part, to: path)
        } catch  where error.isDenied && keptMode != nil {
            // In a directory such as /tmp every user may create files, but only a file's owner may replace it.
            try LocalFile.copyBytes(from: part, into: path)
            LocalFile.remove(part)
        }
    }

    /// Removes the unfinished file, so that it can't be mistaken for the complete one. It may also follow a
    /// ``finish(size:mode:times:)`` that failed.
    func discard() {
        _ = closeFile()
        if let part { LocalFile.remove(part) }
    }

    /// Keeps the unfinished file for a later copy that resumes.
    func keep() { _ = closeFile() }

    private func closeFile() -> Bool {
        guard isOpen else { return true }
        isOpen = false
        return !isOurs || close(fd) == 0
    }
}
