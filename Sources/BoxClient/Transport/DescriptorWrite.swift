import Glibc

/// Calls write(2) until all bytes are written.
package enum DescriptorWrite {
    /// Writes all bytes. It waits when the descriptor is non-blocking: another program that shares it can have set that
    /// flag.
    ///
    /// - Returns: a number of errno(3), or 0 for success.
    package static func all(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
