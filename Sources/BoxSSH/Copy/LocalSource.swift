import Glibc

/// A local file that is read once, from beginning to end, without its holes.
final class LocalSource {
    enum Piece {
        /// Valid until the next piece is read.
        case bytes(UnsafeRawBufferPointer)
        case hole(Int)
        /// The pipe is empty, but not at its end.
        case nothingYet
        case end
    }

    let fd: Int32
    let status: LocalFile.Attributes
    /// The last piece was a hole, so writing the bytes alone doesn't give the file its size.
    private(set) var endsInHole = false
    let path: BytePath
    private var offset: Int64 = 0
    /// There is no hole before this offset.
    private var endOfData: Int64
    private let isOurs: Bool

    /// From lseek(2). glibc declares them for _GNU_SOURCE only.
    private static let (seekData, seekHole) = (Int32(3), Int32(4))

    init(_ path: BytePath) throws(FileFailure) {
        // Non-blocking, because the file may have been replaced by a pipe.
        fd = try LocalFile.open(path, O_RDONLY | O_NONBLOCK)
        self.path = path
        isOurs = true
        do throws(FileFailure) {
            status = try LocalFile.status(of: fd, path)
            guard status.isRegular else { throw FileFailure(path: path, reason: "not a regular file") }
        } catch {
            Glibc.close(fd)
            throw error
        }
        // Files that aren't sparse need no search for holes.
        endOfData = status.isSparse ? 0 : .max
    }

    /// Reads any descriptor, such as standard input. The caller still owns it.
    init(descriptor: Int32, name: BytePath) throws(FileFailure) {
        fd = descriptor
        path = name
        isOurs = false
        status = try LocalFile.status(of: fd, name)
        endOfData = .max
    }

    /// The mode for a file that is copied from this source.
    var mode: UInt32 { isFile ? status.mode : 0o666 }
    /// Whether the source has a name, a mode and times of its own.
    var isFile: Bool { isOurs }

    /// Continues at `offset`.
    func skip(to offset: Int64) {
        lseek(fd, off_t(offset), SEEK_SET)
        self.offset = offset
    }

    /// Returns to the beginning; false for a source that can't be read twice.
    func rewind() -> Bool {
        guard isOurs, lseek(fd, 0, SEEK_SET) == 0 else { return false }
        offset = 0
        endOfData = status.isSparse ? 0 : .max
        endsInHole = false
        return true
    }

    func close() { if isOurs { Glibc.close(fd) } }

    /// Whether a read won't block. A pipe or terminal may have no bytes yet.
    var isReadable: Bool {
        guard !isOurs else { return true }
        var ready = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, 0) > 0
    }

    func next(into buffer: UnsafeMutableRawBufferPointer, limit: Int) throws(FileFailure) -> Piece {
        guard isReadable else { return .nothingYet }
        if offset >= endOfData, let hole = try skipHole() { return hole }
        let wanted = min(limit, buffer.count, Int(clamping: endOfData - offset))
        while true {
            let count = read(fd, buffer.baseAddress, wanted)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return .nothingYet }
            guard count >= 0 else { throw LocalFile.failed(path) }
            guard count > 0 else { return .end }
            offset += Int64(count)
            endsInHole = false
            return .bytes(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Moves to the next bytes; nil when there is no hole to skip.
    private func skipHole() throws(FileFailure) -> Piece? {
        var data = lseek(fd, off_t(offset), Self.seekData)
        if data < 0 {
            // ENXIO means that there are no bytes up to the end. On other failures this file system doesn't support
            // holes.
            data = errno == ENXIO ? lseek(fd, 0, SEEK_END) : off_t(offset)
        }
        let next = lseek(fd, data, Self.seekHole)
        endOfData = next > data ? Int64(next) : .max
        guard lseek(fd, data, SEEK_SET) == data else { throw LocalFile.failed(path) }
        let length = Int(data) - Int(offset)
        guard length > 0 else { return nil }
        offset += Int64(length)
        endsInHole = true
        return .hole(length)
    }
}
