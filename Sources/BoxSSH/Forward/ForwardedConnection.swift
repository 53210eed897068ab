import Glibc

/// One forwarded connection, from its local socket to its channel in the box. No call in it blocks.
///
/// Back-pressure: a side is read only when the other side has accepted its earlier bytes. Meanwhile the server may send
/// what fits into the channel's window, which libssh2 opens again only on reads.
///
/// A connection that was accepted on this machine goes from ``State/asking(_:)`` (SOCKS only) over ``State/waiting`` to
/// ``State/carrying(_:)``. One that was accepted in the box starts as ``State/connecting(_:later:)``.
final class ForwardedConnection {
    enum State {
        /// The client hasn't sent its destination yet.
        case negotiating(SOCKSHandshake)
        /// It has no channel yet.
        case waiting
        /// It has a channel, and the socket is connecting; `later` has more addresses to try.
        case connecting(ForwardChannel, later: ArraySlice<SocketAddress>)
        /// Bytes flow both ways, or one way when the other has ended.
        case carrying(ForwardChannel)
        /// Both ways have ended: the socket is closed, and the channel is being closed.
        case closing(ForwardChannel)
        case closed
    }

    /// One direction.
    private enum Flow {
        case open
        /// The source has ended. The last bytes, and then the end, must still be sent.
        case draining
        case ended
    }

    /// With the destination of this connection, once it is known.
    private(set) var forward: PortForward
    private(set) var socket: ForwardSocket?
    private(set) var state: State
    private let report: RefusalReport
    /// Whether a channel is being opened for it. Then it must accept and close that channel, even if its client has
    /// closed.
    var isOpening = false
    /// The handshake of a client that waits for its answer.
    private var handshake: SOCKSHandshake?
    private var (outgoing, incoming) = (Flow.open, Flow.open)
    private var (bytesSent, bytesReceived) = (ByteQueue(), ByteQueue())
    private var isReadable = false
    private var isWritable = true
    private var isHungUp = false
    /// When an asking or connecting connection is given up, on the monotonic clock. It moves when the connection
    /// progresses.
    private(set) var deadline: Double?
    /// The value of ``ForwardChannel/received`` when libssh2 last had nothing for this channel. Until it changes,
    /// nothing is new.
    private var silentSince: UInt64?

    /// How much is read at once, which is also the most that waits in each direction.
    private static let piece = 64 * 1024
    /// How long a client may take to send its destination, in seconds.
    private static let negotiationLimit = 30.0
    /// How long an address of this machine's network may take to answer, in seconds.
    private static let connectLimit = 10.0

    init(_ socket: ForwardSocket, of forward: PortForward, _ report: RefusalReport) {
        self.socket = socket
        self.forward = forward
        self.report = report
        state = forward.direction == .dynamic ? .negotiating(SOCKSHandshake()) : .waiting
        if forward.direction == .dynamic { deadline = monotonicSeconds() + Self.negotiationLimit }
    }

    /// Creates a connection that was accepted in the box.
    init(_ channel: ForwardChannel, of reverse: ReverseForward, _ report: RefusalReport) {
        forward = reverse.forward
        self.report = report
        state = .connecting(channel, later: reverse.destinations[...])
        connectNext(channel, reverse.destinations[...])
    }

    var isWaiting: Bool { if case .waiting = state { true } else { false } }
    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// The SSH connection of its channel.
    var connection: SSHConnection? {
        switch state {
        case .connecting(let channel, _), .carrying(let channel), .closing(let channel): channel.connection
        case .negotiating, .waiting, .closed: nil
        }
    }

    func begin(_ channel: ForwardChannel) {
        report.worked(forward)
        reply(handshake?.answer(nil))
        handshake = nil
        state = .carrying(channel)
    }

    /// Ends a connection that the box can't connect. The client sees a closed port, or gets a SOCKS error.
    func refuse(_ refusal: ForwardRefusal) {
        report.refused(forward, refusal)
        end(saying: handshake?.answer(refusal))
    }

    /// Ends the connection after its SSH connection, and so its channel, was lost.
    func abandon() {
        socket?.reset()
        state = .closed
    }

    /// Moves the bytes that can be moved; true when there were any. An error means that the whole SSH connection
    /// failed.
    func advance() throws(SSHError) -> Bool {
        switch state {
        case .waiting, .closed:
            return false
        case .negotiating(var handshake):
            return negotiate(&handshake)
        case .connecting(let channel, let later):
            return connect(channel, later)
        case .carrying(let channel):
            var moved = try carryIncoming(channel)
            if try carryOutgoing(channel) { moved = true }
            if outgoing != .ended, incoming == .ended, try isClosedThere(channel) { outgoing = .ended }
            guard outgoing == .ended, incoming == .ended else { return moved }
            socket?.close()
            state = .closing(channel)
            return true
        case .closing(let channel):
            guard channel.free() else { return false }
            state = .closed
            return true
        }
    }

    // MARK: Polling

    /// The event to poll for; nil for none.
    var interest: pollfd? {
        guard let fd = socket?.fd, fd >= 0 else { return nil }
        var events: Int16 = 0
        switch state {
        case .negotiating: events = Int16(POLLIN)
        case .connecting: events = Int16(POLLOUT)
        // No event is requested, but poll(2) still reports an error or a hang-up.
        case .waiting: events = 0
        case .carrying:
            if outgoing == .open, bytesSent.isEmpty { events |= Int16(POLLIN) }
            if !bytesReceived.isEmpty { events |= Int16(POLLOUT) }
            // poll(2) reports a hang-up again and again, even when no event is requested.
            if events == 0, isHungUp { return nil }
        case .closing, .closed: return nil
        }
        return pollfd(fd: fd, events: events, revents: 0)
    }

    func record(_ ready: pollfd) {
        let broken = ready.revents & Int16(POLLERR) != 0
        if ready.revents & Int16(POLLHUP) != 0 { isHungUp = true }
        isReadable = ready.events & Int16(POLLIN) != 0 && ready.revents != 0
        isWritable = ready.events & Int16(POLLOUT) == 0 || ready.revents != 0
        // Otherwise the next read or write finds the error.
        guard broken || isHungUp, ready.events == 0 else { return }
        if isWaiting, !isOpening { end(saying: nil) } else if broken || isWaiting { breakOff() }
    }

    // MARK: Before bytes flow

    private func negotiate(_ handshake: inout SOCKSHandshake) -> Bool {
        guard isReadable else {
            guard isLate else { return false }
            end(saying: nil)
            return true
        }
        readSocket()
        guard outgoing == .open else {
            end(saying: nil)
            return true
        }
        _ = bytesSent.consume {
            handshake.append($0); return $0.count
        }
        while true {
            switch handshake.next() {
            case .needsMore:
                state = .negotiating(handshake)
                return true
            case .reply(let words): reply(words)
            case .refuse(let words):
                end(saying: words)
                return true
            case .connect(let destination):
                handshake.rest.withUnsafeBytes { bytesSent.append($0) }
                forward.remote = destination
                deadline = nil
                self.handshake = handshake
                state = .waiting
                return true
            }
        }
    }

    private func connect(_ channel: ForwardChannel, _ later: ArraySlice<SocketAddress>) -> Bool {
        guard let socket, isWritable || isLate else { return false }
        let failure = isWritable ? socket.connectError() : ETIMEDOUT
        guard failure == 0 else {
            connectNext(channel, later, after: failure)
            return true
        }
        deadline = nil
        report.worked(forward)
        state = .carrying(channel)
        return true
    }

    private func connectNext(
        _ channel: ForwardChannel, _ addresses: ArraySlice<SocketAddress>, after failure: Int32 = 0
    ) {
        var (left, failure) = (addresses, failure)
        while let address = left.popFirst() {
            socket = ForwardSocket.connecting(to: address)
            guard socket != nil else {
                failure = errno
                continue
            }
            deadline = monotonicSeconds() + Self.connectLimit
            (isWritable, isHungUp) = (false, false)
            state = .connecting(channel, later: left)
            return
        }
        socket = nil
        deadline = nil
        report.refused(forward, failure == ECONNREFUSED ? .connectionRefused : .other(errorText(failure)))
        state = .closing(channel)
    }

    private var isLate: Bool { deadline.map { monotonicSeconds() >= $0 } ?? false }

    /// Sends a few bytes to a client. It has sent and received little, so they fit into its socket.
    private func reply(_ words: [UInt8]?) {
        words?.withUnsafeBytes { bytesReceived.append($0) }
        writeSocket()
    }

    /// Ends a connection that has no channel.
    private func end(saying words: [UInt8]?) {
        if let words, !words.isEmpty {
            reply(words)
            socket?.endWriting()
            socket?.close()
        } else {
            socket?.reset()
        }
        state = .closed
    }

    // MARK: To the box

    private func carryOutgoing(_ channel: ForwardChannel) throws(SSHError) -> Bool {
        if isReadable, outgoing == .open, bytesSent.isEmpty { readSocket() }
        var moved = false
        while !bytesSent.isEmpty, channel.mayWrite {
            guard try channel.write(from: &bytesSent) else { break }
            moved = true
        }
        if outgoing == .draining, bytesSent.isEmpty {
            guard try channel.endWriting() else { return moved }
            outgoing = .ended
            moved = true
        }
        return moved
    }

    private func readSocket() {
        isReadable = false
        guard let socket else { return }
        let count = bytesSent.fill(limit: Self.piece, socket.receive)
        if count == 0 {
            outgoing = .draining
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            breakOff()
        }
    }

    // MARK: To here

    private func carryIncoming(_ channel: ForwardChannel) throws(SSHError) -> Bool {
        writeSocket()
        var moved = false
        if incoming == .open, bytesReceived.isEmpty, silentSince != channel.received {
            switch try channel.read(into: &bytesReceived, limit: Self.piece) {
            case nil: silentSince = channel.received
            case 0: incoming = .draining
            default:
                moved = true
                writeSocket()
            }
        }
        if incoming == .draining, bytesReceived.isEmpty {
            socket?.endWriting()
            incoming = .ended
            silentSince = nil
            moved = true
        }
        return moved
    }

    private func writeSocket() {
        while isWritable, !bytesReceived.isEmpty, let socket {
            guard bytesReceived.consume(socket.send) < 0, errno != EINTR else { continue }
            isWritable = false
            if errno != EAGAIN { breakOff() }
        }
    }

    /// Whether the server, whose data has ended, accepts no more bytes either.
    private func isClosedThere(_ channel: ForwardChannel) throws(SSHError) -> Bool {
        guard silentSince != channel.received else { return false }
        if try channel.isClosedThere() { return true }
        silentSince = channel.received
        return false
    }

    /// Ends both directions because the peer is gone. Closing the channel informs the server.
    private func breakOff() {
        socket?.reset()
        (outgoing, incoming) = (.ended, .ended)
        bytesSent.removeAll()
        bytesReceived.removeAll()
    }
}
