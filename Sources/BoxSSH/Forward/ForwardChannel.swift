internal import CSSH2

/// A channel of one of a forwarder's SSH connections. No call blocks; failures are the whole connection's.
struct ForwardChannel {
    let connection: SSHConnection
    let pointer: OpaquePointer

    /// Changes with each byte that came over the connection; until it does, libssh2 has nothing new for the channel.
    var received: UInt64 { connection.transport.received }
    var mayWrite: Bool { connection.transport.queued <= SSHTransport.highWater }

    /// What libssh2 has, at most so much: a count, 0 at the end, or nil when there is nothing yet.
    func read(into queue: inout ByteQueue, limit: Int) throws(SSHError) -> Int? {
        let count = queue.fill(limit: limit) { libssh2_channel_read_ex(pointer, 0, $0.baseAddress, $0.count) }
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("read from the box", count) }
        return count > 0 ? count : count == 0 && libssh2_channel_eof(pointer) == 1 ? 0 : nil
    }

    /// False when the server has to open its window first.
    func write(from queue: inout ByteQueue) throws(SSHError) -> Bool {
        let count = queue.consume { libssh2_channel_write_ex(pointer, 0, $0.baseAddress, $0.count) }
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("write to the box", count) }
        return count > 0
    }

    /// False while it has to wait.
    func endWriting() throws(SSHError) -> Bool { try finish(Int(libssh2_channel_send_eof(pointer))) }

    /// Whether the server takes nothing any more either, after its end has come.
    func isClosedThere() throws(SSHError) -> Bool { try finish(Int(libssh2_channel_wait_closed(pointer))) }

    /// False while it has to wait. Anything else frees the channel.
    func free() -> Bool { Int(libssh2_channel_free(pointer)) != LibSSH2.wouldBlock }

    private func finish(_ code: Int) throws(SSHError) -> Bool {
        guard code != LibSSH2.wouldBlock else { return false }
        guard code == 0 else { throw connection.failed("end a connection", code) }
        return true
    }
}
