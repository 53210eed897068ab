internal import CSSH2
import Glibc

/// One connection, from its socket here to its channel in the box. Nothing in it blocks.
///
/// Back-pressure: a side is read only when its earlier bytes have been taken by the other. What the server may send
/// meanwhile is the channel's window, which libssh2 opens again only on reads.
final class ForwardedConnection {
    enum State {
        /// Accepted; has no channel yet.
        case waiting
        /// Bytes flow both ways, or one way when the other has ended.
        case carrying(OpaquePointer)
        /// Both ways have ended: the socket is closed, and the channel says goodbye.
        case closing(OpaquePointer)
        case closed
    }

    /// One direction.
    private enum Flow {
        case open
        /// Its source has ended; the last bytes, and then the end, are still to be passed on.
        case draining
        case ended
    }

    let listener: ForwardListener
    let socket: ForwardSocket
    private(set) var state = State.waiting
    private let connection: SSHConnection
    private var (toBox, toHere) = (Flow.open, Flow.open)
    private var (bytesToBox, bytesToHere) = (ByteQueue(), ByteQueue())
    private var isReadable = false
    private var isWritable = true
    private var isHungUp = false
    /// ``SSHTransport/received`` when libssh2 last had nothing for this channel: until that changes, it has nothing.
    private var silentSince: UInt64?

    /// How much is read at once, and so the most that waits here for each direction.
    private static let piece = 64 * 1024

    init(_ socket: ForwardSocket, of listener: ForwardListener, over connection: SSHConnection) {
        self.socket = socket
        self.listener = listener
        self.connection = connection
    }

    var isClosed: Bool { if case .closed = state { true } else { false } }

    func begin(_ channel: OpaquePointer) { state = .carrying(channel) }

    /// There is no way to the box: the peer sees what it would see at a closed port.
    func refuse() {
        socket.reset()
        state = .closed
    }

    /// Moves what can be moved; true when something was. Failures are the whole connection's.
    func advance() throws(SSHError) -> Bool {
        switch state {
        case .waiting, .closed:
            return false
        case .carrying(let channel):
            var moved = try carryHere(channel)
            if try carryToBox(channel) { moved = true }
            if toBox != .ended, toHere == .ended, try isClosedThere(channel) { toBox = .ended }
            guard toBox == .ended, toHere == .ended else { return moved }
            socket.close()
            state = .closing(channel)
            return true
        case .closing(let channel):
            // Anything but "would block" has freed it.
            guard Int(libssh2_channel_free(channel)) != LibSSH2.wouldBlock else { return false }
            state = .closed
            return true
        }
    }

    // MARK: Polling

    /// What to wait for; nil for nothing.
    var interest: pollfd? {
        guard case .carrying = state else { return nil }
        var events: Int16 = 0
        if toBox == .open, bytesToBox.isEmpty { events |= Int16(POLLIN) }
        if !bytesToHere.isEmpty { events |= Int16(POLLOUT) }
        // poll(2) tells a hang-up again and again, also when nothing was asked.
        if events == 0, isHungUp { return nil }
        return pollfd(fd: socket.fd, events: events, revents: 0)
    }

    func note(_ ready: pollfd) {
        let broken = ready.revents & Int16(POLLERR) != 0
        if ready.revents & Int16(POLLHUP) != 0 { isHungUp = true }
        isReadable = ready.events & Int16(POLLIN) != 0 && ready.revents != 0
        isWritable = ready.events & Int16(POLLOUT) == 0 || ready.revents != 0
        // Otherwise the read or write finds out.
        if broken, ready.events == 0 { breakOff() }
    }

    // MARK: To the box

    private func carryToBox(_ channel: OpaquePointer) throws(SSHError) -> Bool {
        if isReadable, toBox == .open, bytesToBox.isEmpty { readSocket() }
        var moved = false
        while !bytesToBox.isEmpty, connection.transport.queued <= SSHTransport.highWater {
            let count = bytesToBox.consume { libssh2_channel_write_ex(channel, 0, $0.baseAddress, $0.count) }
            guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("write to the box", count) }
            // 0 and "would block" both wait for the server to open its window.
            guard count > 0 else { break }
            moved = true
        }
        if toBox == .draining, bytesToBox.isEmpty {
            let code = Int(libssh2_channel_send_eof(channel))
            guard code != LibSSH2.wouldBlock else { return moved }
            guard code == 0 else { throw connection.failed("end a connection", code) }
            toBox = .ended
            moved = true
        }
        return moved
    }

    private func readSocket() {
        isReadable = false
        let count = bytesToBox.fill(limit: Self.piece, socket.receive)
        if count == 0 {
            toBox = .draining
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            breakOff()
        }
    }

    // MARK: To here

    private func carryHere(_ channel: OpaquePointer) throws(SSHError) -> Bool {
        writeSocket()
        var moved = false
        let received = connection.transport.received
        if toHere == .open, bytesToHere.isEmpty, silentSince != received {
            let count = bytesToHere.fill(limit: Self.piece) { buffer in
                libssh2_channel_read_ex(channel, 0, buffer.baseAddress, buffer.count)
            }
            guard count >= 0 || count == LibSSH2.wouldBlock else {
                throw connection.failed("read from the box", count)
            }
            if count > 0 {
                moved = true
                writeSocket()
            } else if count == 0, libssh2_channel_eof(channel) == 1 {
                toHere = .draining
            } else {
                silentSince = connection.transport.received
            }
        }
        if toHere == .draining, bytesToHere.isEmpty {
            socket.endWriting()
            toHere = .ended
            silentSince = nil
            moved = true
        }
        return moved
    }

    private func writeSocket() {
        while isWritable, !bytesToHere.isEmpty {
            guard bytesToHere.consume(socket.send) < 0, errno != EINTR else { continue }
            isWritable = false
            if errno != EAGAIN { breakOff() }
        }
    }

    /// Whether the server, whose end has come already, takes nothing any more either.
    private func isClosedThere(_ channel: OpaquePointer) throws(SSHError) -> Bool {
        guard silentSince != connection.transport.received else { return false }
        let code = Int(libssh2_channel_wait_closed(channel))
        guard code != 0 else { return true }
        guard code == LibSSH2.wouldBlock else { throw connection.failed("end a connection", code) }
        silentSince = connection.transport.received
        return false
    }

    /// The peer is gone; the server hears of it as soon as the channel is closed.
    private func breakOff() {
        socket.reset()
        (toBox, toHere) = (.ended, .ended)
        bytesToBox.removeAll()
        bytesToHere.removeAll()
    }
}
