internal import CSSH2
import Glibc

/// Carries the bytes of two descriptors to and from a TCP port, as ssh(1) needs it of a ProxyCommand.
public struct TCPRelay: TCPTarget, Sendable {
    let boxID: String
    let host: String
    let port: UInt16
    private let connectTimeout = 10.0
    private static let piece = 128 * 1024

    public init(boxID: String, host: String, port: UInt16 = 22) {
        self.boxID = boxID
        self.host = host
        self.port = port
    }

    /// Returns when the other side has ended and its bytes are written, or when the reader of `output` has closed.
    ///
    /// - Parameter retryRefusedFor: how many seconds to retry while the port refuses, as a booting machine's does.
    public func run(input: Int32, output: Int32, retryRefusedFor: Double = 0) throws(SSHError) {
        let socket = try connect(retryRefusedFor)
        defer { close(socket) }
        let (input, output) = (LocalInput(input, escapes: false), LocalOutput(output))
        var sentEnd = false
        var isEnded = false
        while !(isEnded && output.pending.isEmpty), !output.isGone {
            var ready = [
                pollfd(fd: input.waitFD, events: Int16(POLLIN), revents: 0),
                pollfd(fd: socket, events: events(input, output, isEnded), revents: 0),
                pollfd(fd: output.waitFD, events: Int16(POLLOUT), revents: 0),
            ]
            // With no events requested, poll(2) would still report a hang-up again and again.
            if ready[1].events == 0 { ready[1].fd = -1 }
            guard poll(&ready, 3, -1) >= 0 || errno == EINTR else {
                throw SSHError(.localFailure(errno: errno), "poll failed: \(errorText(errno))")
            }
            if ready[0].revents != 0 { input.read() }
            try send(input, to: socket)
            if input.isAtEnd, input.pending.isEmpty, !sentEnd {
                shutdown(socket, Int32(SHUT_WR))
                sentEnd = true
            }
            if !isEnded, output.pending.isEmpty { isEnded = try receive(from: socket, into: output) }
            output.flush()
        }
        if let failure = output.failure {
            throw SSHError(.localFailure(errno: failure), "can't write the output: \(errorText(failure))")
        }
    }

    private func connect(_ retryRefusedFor: Double) throws(SSHError) -> Int32 {
        let giveUp = monotonicSeconds() + retryRefusedFor
        while true {
            do {
                return try TCPConnect.open(self, until: monotonicSeconds() + connectTimeout)
            } catch {
                guard error.kind == .connectionRefused, monotonicSeconds() + 0.05 < giveUp else { throw error }
                usleep(50_000)
            }
        }
    }

    private func events(_ input: LocalInput, _ output: LocalOutput, _ isEnded: Bool) -> Int16 {
        (isEnded || !output.pending.isEmpty ? 0 : Int16(POLLIN)) | (input.pending.isEmpty ? 0 : Int16(POLLOUT))
    }

    private func send(_ input: LocalInput, to socket: Int32) throws(SSHError) {
        while !input.pending.isEmpty {
            let count = input.pending.consume {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 || errno == EINTR { continue }
            guard errno == EAGAIN else { throw lost(errno) }
            return
        }
    }

    /// Reads bytes from the socket; true at the end.
    private func receive(from socket: Int32, into output: LocalOutput) throws(SSHError) -> Bool {
        let count = output.pending.fill(limit: Self.piece) {
            recv(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        guard count < 0, errno != EAGAIN, errno != EINTR else { return count == 0 }
        throw lost(errno)
    }

    private func lost(_ code: Int32) -> SSHError {
        SSHError(.connectionLost, "the connection to \(place) was lost: \(errorText(code)); \(nextStep)")
    }
}
