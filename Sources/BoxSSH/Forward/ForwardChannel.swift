internal import CSSH2

/// A channel of one of a forwarder's SSH connections. No call blocks. An error means that the whole connection failed.
struct ForwardChannel {
    let connection: SSHConnection
    let pointer: OpaquePointer

    /// Changes with each byte that arrives over the connection. Until then libssh2 has nothing new for the channel.
    var received: UInt64 { connection.transport.received }
    var mayWrite: Bool { connection.transport.queued <= SSHTransport.highWater }

    /// Reads up to `limit` bytes from libssh2. Returns the count, 0 at the end, or nil when there is nothing yet.
    func read(into queue: inout ByteQueue, limit: Int) throws(SSHError) -> Int? {
        let count = queue.fill(limit: limit) { libssh2_channel_read_ex(pointer, 0, $0.baseAddress, $0.count) }
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("read from the box", count) }
        return count > 0 ? count : count == 0 && libssh2_channel_eof(pointer) == 1 ? 0 : nil
    }

    /// Writes queued bytes; false when the server must open its window first.
    func write(from queue: inout ByteQueue) throws(SSHError) -> Bool {
        let count = queue.consume { libssh2_channel_write_ex(pointer, 0, $0.baseAddress, $0.count) }
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("write to the box", count) }
        return count > 0
    }

    /// Sends the end of the data; false when it must be retried later.
    func endWriting() throws(SSHError) -> Bool { try finish(Int(libssh2_channel_send_eof(pointer))) }

    /// Whether the server, whose data has ended, has also closed the channel and accepts no more.
    func isClosedThere() throws(SSHError) -> Bool { try finish(Int(libssh2_channel_wait_closed(pointer))) }

    /// Frees the channel; false when it must be retried later. Any other result frees it.
    func free() -> Bool { Int(libssh2_channel_free(pointer)) != LibSSH2.wouldBlock }

    private func finish(_ code: Int) throws(SSHError) -> Bool {
        guard code != LibSSH2.wouldBlock else { return false }
        guard code == 0 else { throw connection.failed("end a connection", code) }
        return true
    }
}
