internal import CSSH2
import Glibc

/// Carries every connection of some listeners over one SSH connection, in a single poll(2) loop.
final class ForwardLoop {
    private let connection: SSHConnection
    private let listeners: [ForwardListener]
    private let opening: ForwardOpening
    private var connections: [ForwardedConnection] = []
    /// A session without a process. Reading from it makes libssh2 take whatever came, for all channels, also when
    /// none of them is open or wants to be read.
    private let anchor: OpaquePointer
    /// There was no descriptor left; until this monotonic time nobody is accepted.
    private var acceptsAgain = 0.0
    private var polled: [pollfd] = []
    /// Whose sockets the last entries of ``polled`` are.
    private var polledConnections: [ForwardedConnection] = []

    /// Accepted, but without a channel; more stay with the system.
    private static let waitingLimit = 64

    init(
        _ connection: SSHConnection, _ listeners: [ForwardListener],
        report: @escaping (PortForward, ForwardRefusal) -> Void
    ) throws(SSHError) {
        self.connection = connection
        self.listeners = listeners
        opening = ForwardOpening(connection, report: report)
        anchor = try connection.openChannel()
        connection.transport.acknowledgesAtOnce = true
    }

    /// Ends only with an error: ``SSHError/Kind/interrupted(signal:)``, or that of the connection.
    func run() throws(SSHError) -> Never {
        while true {
            let received = connection.transport.received
            try takeWhatCame()
            var moved = accept()
            if try opening.advance() { moved = true }
            var ended = false
            for connection in connections {
                if try connection.advance() { moved = true }
                ended = ended || connection.isClosed
            }
            if ended { removeClosed() }
            connection.transport.flush()
            if let failure = connection.transport.failure { throw connection.lost(errorText(failure)) }
            // Bytes that came after their channel's turn wait inside libssh2.
            if connection.transport.received != received { moved = true }
            try wait(milliseconds: moved ? 0 : connection.keepAlive())
        }
    }

    private func takeWhatCame() throws(SSHError) {
        var byte: CChar = 0
        let count = libssh2_channel_read_ex(anchor, 0, &byte, 1)
        guard count >= 0 || count == LibSSH2.wouldBlock else { throw connection.failed("read from the box", count) }
        if libssh2_channel_eof(anchor) == 1 { throw connection.lost("the box ended it") }
    }

    /// True when somebody was accepted.
    private func accept() -> Bool {
        guard mayAccept else { return false }
        var accepted = false
        for listener in listeners {
            while opening.count < Self.waitingLimit {
                switch listener.accept() {
                case .connection(let socket):
                    let next = ForwardedConnection(socket, of: listener, over: connection)
                    connections.append(next)
                    opening.add(next)
                    accepted = true
                    continue
                case .noDescriptor: acceptsAgain = monotonicSeconds() + 0.5
                case .nothing: break
                }
                break
            }
        }
        return accepted
    }

    private var mayAccept: Bool { opening.count < Self.waitingLimit && monotonicSeconds() >= acceptsAgain }

    private func removeClosed() {
        connections.removeAll(where: \.isClosed)
        // There are descriptors again.
        acceptsAgain = 0
    }

    private func wait(milliseconds: Int) throws(SSHError) {
        let pause = acceptsAgain - monotonicSeconds()
        let milliseconds = pause > 0 ? min(milliseconds, Int(pause * 1000) + 1) : milliseconds
        prepareToPoll()
        guard poll(&polled, nfds_t(polled.count), Int32(milliseconds)) >= 0 || errno == EINTR else {
            throw SSHError(.localFailure(errno: errno), "poll failed: \(errorText(errno))")
        }
        if polled[1].revents != 0, let signal = connection.interruptions?.nextEnding() {
            throw SSHError(.interrupted(signal: signal), "interrupted")
        }
        let ready = polled.suffix(polledConnections.count)
        for (connection, ready) in zip(polledConnections, ready) { connection.note(ready) }
    }

    /// Only what is waited for is in the list: poll(2) refuses more entries than the process may have descriptors.
    private func prepareToPoll() {
        let transport = connection.transport
        let socketEvents = Int16(POLLIN) | (transport.queued > 0 ? Int16(POLLOUT) : 0)
        polled.removeAll(keepingCapacity: true)
        polledConnections.removeAll(keepingCapacity: true)
        polled.append(pollfd(fd: transport.fd, events: socketEvents, revents: 0))
        polled.append(pollfd(fd: connection.interruptions?.fd ?? -1, events: Int16(POLLIN), revents: 0))
        if mayAccept {
            for listener in listeners { polled.append(pollfd(fd: listener.fd, events: Int16(POLLIN), revents: 0)) }
        }
        for connection in connections {
            guard let interest = connection.interest else { continue }
            polled.append(interest)
            polledConnections.append(connection)
        }
    }
}
