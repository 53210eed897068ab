internal import CSSH2
import Glibc

/// Carries every connection of a ``Forwarder``, in a single poll(2) loop.
public final class ForwardLoop {
    private let listeners: [ForwardListener]
    private let reverse: [(port: ReverseForward, listener: OpaquePointer)]
    private let report: RefusalReport
    private let pool: ConnectionPool
    private var interruptions: SignalWatch?
    private var connections: [ForwardedConnection] = []
    /// The connections without a channel, in order of arrival.
    private var waiting: [ForwardedConnection] = []
    /// No descriptor was free, so nothing is accepted before this monotonic time.
    private var acceptsAgain = 0.0
    private var polled: [pollfd] = []
    /// The connections whose sockets are the last entries of ``polled``.
    private var polledConnections: [ForwardedConnection] = []

    /// How many accepted connections may wait for a channel. The kernel queues further ones.
    private static let waitingLimit = 64

    init(
        _ connection: SSHConnection, _ listeners: [ForwardListener], _ reverse: [ReverseForward],
        _ report: RefusalReport
    ) throws(SSHError) {
        self.listeners = listeners
        self.report = report
        self.reverse = try connection.beforeKeepAlives { limit throws(SSHError) in
            var listening: [(ReverseForward, OpaquePointer)] = []
            for port in reverse { listening.append((port, try port.listen(over: connection, limit))) }
            return listening
        }
        pool = try ConnectionPool(connection)
    }

    /// Carries connections until SIGINT, SIGTERM or SIGHUP arrives or the SSH connection ends, which breaks all of
    /// them.
    ///
    /// - Parameter endsOnSignals: false when other code handles the signals.
    /// - Throws: ``SSHError``: `.interrupted`, or why the SSH connection ended.
    public func run(endsOnSignals: Bool = true) throws(SSHError) -> Never {
        interruptions = endsOnSignals ? SignalWatch() : nil
        while true {
            let received = pool.all.map(\.connection.transport.received)
            var moved = try onEachConnection { pooled throws(SSHError) in try pooled.receive() }
            if accept() { moved = true }
            if acceptFromBox() { moved = true }
            if try open() { moved = true }
            if try advance() { moved = true }
            if try onEachConnection({ pooled throws(SSHError) in try pooled.flush() }) { moved = true }
            // libssh2 may hold bytes that arrived after their channel was read.
            if pool.all.map(\.connection.transport.received) != received { moved = true }
            pool.grow(waiting: waiting.count)
            for pooled in pool.stuck(waiting: waiting.count, inUse: connections.compactMap(\.connection)) {
                pooled.cancelRequest()?.refuse(.other("no answer from there"))
                pool.remove(pooled)
            }
            pool.shrink { connections.compactMap(\.connection) }
            try wait(milliseconds: moved ? 0 : nextKeepAlive())
            pool.adoptConnected()
        }
    }

    // MARK: The pool

    /// Runs `work` for each connection; true when one of them was lost.
    private func onEachConnection(_ work: (PooledConnection) throws(SSHError) -> Void) throws(SSHError) -> Bool {
        var lost = false
        for pooled in pool.all {
            do throws(SSHError) { try work(pooled) } catch {
                try lose(pooled, error)
                lost = true
            }
        }
        return lost
    }

    /// Handles a lost connection. Losing the main one ends the loop; losing another one breaks what it carried.
    private func lose(_ pooled: PooledConnection, _ error: SSHError) throws(SSHError) {
        guard pooled !== pool.main else { throw error }
        pool.remove(pooled)
        for connection in connections where connection.connection === pooled.connection { connection.abandon() }
        if let unanswered = pooled.cancelRequest() { waiting.insert(unanswered, at: 0) }
    }

    private func open() throws(SSHError) -> Bool {
        var moved = false
        // Some clients may have closed while they waited.
        waiting.removeAll { !$0.isWaiting }
        let lost = try onEachConnection { pooled throws(SSHError) in
            if try pooled.open(&waiting, acceptsRequests: pool.acceptsRequests(pooled)) { moved = true }
        }
        return moved || lost
    }

    private func nextKeepAlive() throws(SSHError) -> Int {
        var milliseconds = Int.max
        let lost = try onEachConnection { pooled throws(SSHError) in
            milliseconds = min(milliseconds, try pooled.connection.keepAlive())
        }
        // A forward that waited for a lost connection's answer must be retried.
        return lost ? 0 : min(milliseconds, pool.nextChange(waiting: waiting.count) ?? .max)
    }

    // MARK: Connections

    /// Accepts local connections; true when there was one.
    private func accept() -> Bool {
        guard mayAccept else { return false }
        var accepted = false
        for listener in listeners {
            while waiting.count < Self.waitingLimit {
                switch listener.accept() {
                case .connection(let socket):
                    let next = ForwardedConnection(socket, of: listener.forward, report)
                    connections.append(next)
                    if next.isWaiting { waiting.append(next) }
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

    private var mayAccept: Bool { waiting.count < Self.waitingLimit && monotonicSeconds() >= acceptsAgain }

    private func acceptFromBox() -> Bool {
        var accepted = false
        for (port, listener) in reverse {
            while let pointer = libssh2_channel_forward_accept(listener) {
                let channel = ForwardChannel(connection: pool.main.connection, pointer: pointer)
                connections.append(ForwardedConnection(channel, of: port, report))
                accepted = true
            }
        }
        return accepted
    }

    private func advance() throws(SSHError) -> Bool {
        var (moved, ended) = (false, false)
        for connection in connections {
            let wasWaiting = connection.isWaiting
            do throws(SSHError) {
                if try connection.advance() { moved = true }
            } catch {
                guard let pooled = pool.all.first(where: { $0.connection === connection.connection }) else {
                    throw error
                }
                try lose(pooled, error)
            }
            if !wasWaiting, connection.isWaiting { waiting.append(connection) }
            ended = ended || connection.isClosed
        }
        if ended {
            connections.removeAll(where: \.isClosed)
            // Descriptors are free again.
            acceptsAgain = 0
        }
        return moved || ended
    }

    // MARK: Waiting

    private func wait(milliseconds: Int) throws(SSHError) {
        let pause = acceptsAgain - monotonicSeconds()
        let limit = min(milliseconds, nextDeadline(), pause > 0 ? Int(pause * 1000) + 1 : .max)
        prepareToPoll()
        guard poll(&polled, nfds_t(polled.count), Int32(clamping: limit)) >= 0 || errno == EINTR else {
            throw SSHError(.localFailure(errno: errno), "poll failed: \(errorText(errno))")
        }
        if polled[0].revents != 0, let signal = interruptions?.nextEnding() {
            throw SSHError(.interrupted(signal: signal), "interrupted")
        }
        let ready = polled.suffix(polledConnections.count)
        for (connection, ready) in zip(polledConnections, ready) { connection.record(ready) }
    }

    private func nextDeadline() -> Int {
        guard let next = connections.lazy.compactMap(\.deadline).min() else { return .max }
        return max(0, Int((next - monotonicSeconds()) * 1000) + 1)
    }

    /// Fills ``polled`` with only what is waited for. poll(2) refuses more entries than the process may have
    /// descriptors.
    private func prepareToPoll() {
        polled.removeAll(keepingCapacity: true)
        polledConnections.removeAll(keepingCapacity: true)
        polled.append(pollfd(fd: interruptions?.fd ?? -1, events: Int16(POLLIN), revents: 0))
        for pooled in pool.all {
            let transport = pooled.connection.transport
            let events = Int16(POLLIN) | (transport.queued > 0 ? Int16(POLLOUT) : 0)
            polled.append(pollfd(fd: transport.fd, events: events, revents: 0))
        }
        for fd in pool.descriptors { polled.append(pollfd(fd: fd, events: Int16(POLLIN), revents: 0)) }
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
