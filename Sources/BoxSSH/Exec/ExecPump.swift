internal import CSSH2
import Glibc

/// Carries the streams of one remote process, in a single poll(2) loop over the socket, the local streams and the
/// signals.
///
/// It can't deadlock, because no call in it blocks. The socket and own pipes are non-blocking. Other outputs are
/// written only after poll(2) and in pieces that fit. So each direction moves whenever it can, whatever the other one
/// waits for.
///
/// Back-pressure: an output is read from the channel only when its earlier bytes are written. libssh2 opens the SSH
/// window again only on reads, and a closed window stops the server. Input is read only when the channel has accepted
/// the earlier bytes.
final class ExecPump {
    private let connection: SSHConnection
    private let channel: OpaquePointer
    private let terminal: TerminalRequest?
    private let input: LocalInput
    /// Standard output and standard error, at their stream numbers (RFC 4254: 0, and SSH_EXTENDED_DATA_STDERR).
    private let outputs: [LocalOutput]
    private var sentEnd = false
    /// The server has closed the channel.
    private(set) var isClosed = false

    /// Bytes that libssh2 may hold for one blocked output while the other one still flows.
    private static let heldLimit: UInt = 4 << 20

    init(
        connection: SSHConnection, channel: OpaquePointer, terminal: TerminalRequest?, input: LocalInput,
        outputs: [LocalOutput]
    ) {
        self.connection = connection
        self.channel = channel
        self.terminal = terminal
        self.input = input
        self.outputs = outputs
    }

    func run() throws(SSHError) -> RemoteExit {
        while true {
            let received = connection.transport.received
            var moved = try receive()
            if try sendInput() { moved = true }
            if !isClosed, libssh2_channel_eof(channel) == 1 {
                // Everything has been read. The exit status arrives before the close.
                let code = Int(libssh2_channel_wait_closed(channel))
                if code == 0 {
                    isClosed = true
                } else if code != LibSSH2.wouldBlock {
                    throw connection.failed("end the session", code)
                }
            }
            connection.transport.flush()
            if let exit = try endedByOutput() { return exit }
            if isClosed, outputs.allSatisfy(\.pending.isEmpty) { return exitStatus() }
            // libssh2 may hold bytes that arrived after their stream was read.
            if connection.transport.received != received { moved = true }
            try wait(milliseconds: moved ? 0 : connection.keepAlive())
        }
    }

    /// Moves bytes from libssh2 to the outputs; true when there may be more.
    private func receive() throws(SSHError) -> Bool {
        var moved = false
        for (stream, output) in outputs.enumerated() {
            output.flush()
            guard mayRead(stream) else { continue }
            let count = output.pending.fill(limit: 256 * 1024) { buffer in
                libssh2_channel_read_ex(channel, Int32(stream), buffer.baseAddress, buffer.count)
            }
            guard count >= 0 || count == LibSSH2.wouldBlock else {
                throw connection.failed("read from the session", count)
            }
            if count > 0 {
                moved = true
                output.flush()
            }
        }
        return moved
    }

    private func mayRead(_ stream: Int) -> Bool {
        guard outputs[stream].pending.isEmpty else { return false }
        guard !outputs[1 - stream].pending.isEmpty else { return true }
        // Reading this stream opens the window for both streams, so the blocked one's bytes would accumulate without
        // limit.
        var held: UInt = 0
        libssh2_channel_window_read_ex(channel, &held, nil)
        return held < Self.heldLimit
    }

    /// Moves input to the channel; true when the channel accepted some.
    private func sendInput() throws(SSHError) -> Bool {
        if input.sawEndSequence {
            // The server may not respond any more, so don't wait for an orderly close.
            connection.transport.abandon()
            throw SSHError(.closedByUser, "the connection to \(connection.target.place) was closed with ~.")
        }
        guard !isClosed, !sentEnd else { return false }
        var moved = false
        while !input.pending.isEmpty, connection.transport.queued <= SSHTransport.highWater {
            let count = input.pending.consume { libssh2_channel_write_ex(channel, 0, $0.baseAddress, $0.count) }
            guard count >= 0 || count == LibSSH2.wouldBlock else {
                throw connection.failed("write to the session", count)
            }
            // 0 and "would block" both mean that the server must open its window first.
            guard count > 0 else { break }
            moved = true
        }
        if input.isAtEnd, input.pending.isEmpty {
            let code = Int(libssh2_channel_send_eof(channel))
            guard code != LibSSH2.wouldBlock else { return moved }
            guard code == 0 else { throw connection.failed("end the input", code) }
            sentEnd = true
        }
        return moved
    }

    /// The session's result, when a local output has closed.
    private func endedByOutput() throws(SSHError) -> RemoteExit? {
        for output in outputs {
            guard let code = output.failure else { continue }
            throw SSHError(.localFailure(errno: code), "can't write the output: \(errorText(code))")
        }
        guard outputs[0].isGone, !outputs[0].neverOpen else { return nil }
        return isClosed ? exitStatus() : .signal("PIPE")
    }

    private func exitStatus() -> RemoteExit {
        var name: UnsafeMutablePointer<CChar>?
        var length = 0
        libssh2_channel_get_exit_signal(channel, &name, &length, nil, nil, nil, nil)
        guard let name else { return .code(libssh2_channel_get_exit_status(channel)) }
        defer { libssh2_free(connection.session, name) }
        return .signal(displayText(UnsafeRawBufferPointer(start: name, count: length)))
    }

    private func wait(milliseconds: Int) throws(SSHError) {
        let transport = connection.transport
        var socketEvents: Int16 = transport.queued > 0 ? Int16(POLLOUT) : 0
        let listens = !isClosed && (mayRead(0) || mayRead(1) || !input.pending.isEmpty)
        if listens { socketEvents |= Int16(POLLIN) }
        // While an output is blocked, nothing is read, so silence doesn't mean that the server is gone.
        if !listens { transport.restartSilence() }
        var ready = [
            // With no events requested, poll(2) would still report a hang-up again and again.
            pollfd(fd: socketEvents == 0 ? -1 : transport.fd, events: socketEvents, revents: 0),
            pollfd(fd: isClosed || sentEnd ? -1 : input.waitFD, events: Int16(POLLIN), revents: 0),
            pollfd(fd: outputs[0].waitFD, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: outputs[1].waitFD, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: connection.interruptions?.fd ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&ready, nfds_t(ready.count), Int32(milliseconds)) >= 0 || errno == EINTR else {
            throw SSHError(.localFailure(errno: errno), "poll failed: \(errorText(errno))")
        }
        if ready[1].revents != 0 { input.read() }
        if ready[4].revents != 0 { try actOnSignals() }
    }

    private func actOnSignals() throws(SSHError) {
        while let signal = connection.interruptions?.next() {
            if signal == SIGWINCH {
                guard let size = terminal?.size(), terminal?.localTerminal != nil else { continue }
                libssh2_channel_request_pty_size_ex(channel, size.columns, size.rows, 0, 0)
            } else if isClosed || !connection.passOn(signal) {
                throw SSHError(.interrupted(signal: signal), "interrupted")
            }
        }
    }
}
