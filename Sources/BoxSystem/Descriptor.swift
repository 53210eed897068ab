import Glibc

/// read(2) and write(2), called until everything is done. A failure leaves its number in errno.
package enum Descriptor {
    /// The bytes up to the end.
    ///
    /// - Parameter maximum: in bytes. More than that is a failure with EFBIG.
    /// - Returns: nil after a failure.
    package static func readToEnd(_ descriptor: Int32, maximum: Int = .max) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            guard bytes.count + count <= maximum else {
                errno = EFBIG
                return nil
            }
            bytes += buffer[..<count]
        }
    }

    /// The bytes of a file, or nil when it can't be read. Files of /proc have no size, so they are read to their end.
    package static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return readToEnd(descriptor)
    }

    /// Waits when the descriptor is non-blocking: another program that shares it can have set that flag.
    ///
    /// - Returns: whether all bytes are written.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count > 0 {
                done += count
            } else if count < 0 && errno == EAGAIN {
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            } else if count == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }

    package static func write(_ bytes: some Sequence<UInt8>, to descriptor: Int32) -> Bool {
        let bytes = ContiguousArray(bytes)
        return bytes.withUnsafeBytes { write($0, to: descriptor) }
    }

    /// The same at an offset, with pwrite(2).
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
