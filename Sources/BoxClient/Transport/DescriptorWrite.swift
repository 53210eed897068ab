import Glibc

/// write(2) for all of some bytes.
package enum DescriptorWrite {
    /// Waits where a descriptor is non-blocking, which one that is shared with another program can be without our doing.
    ///
    /// - Returns: a number of errno(3), 0 for success.
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
