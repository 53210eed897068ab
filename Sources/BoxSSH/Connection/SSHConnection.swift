internal import CSSH2
import Glibc

/// One authenticated SSH connection to a box. Its calls block, and only one thread at a time may use it.
///
/// It closes when the last reference is released.
public final class SSHConnection {
    public let target: SSHTarget
    let transport: SSHTransport
    let session: OpaquePointer
    /// Waiting ends with `.interrupted` when one of its signals arrives.
    var interruptions: SignalWatch?
    /// Whether keepalives may be sent. Each one is a global request that sshd refuses, and libssh2 takes that refusal
    /// for the answer to the next global request. So all other global requests must come first.
    private var isEstablished = false
    private var lastKeepAlive = 0.0
    private var idleChannel: OpaquePointer?

    /// Connects, checks the host key (pinning it the first time) and logs in with the managed key.
    ///
    /// - Parameter retryRefusedFor: how many seconds to retry while the port refuses or closes the connection before
    ///   SSH has started, as a booting machine does. Each attempt still has its own `connectTimeout`.
    public static func connect(to target: SSHTarget, retryRefusedFor: Double = 0) throws(SSHError) -> SSHConnection {
        let giveUp = monotonicSeconds() + retryRefusedFor
        var pause = 0.02
        while true {
            do {
                return try SSHConnection(target)
            } catch {
                guard error.kind == .connectionRefused || error.kind == .connectionLost else { throw error }
                guard monotonicSeconds() + pause < giveUp else { throw error }
                usleep(UInt32(pause * 1e6))
                pause = min(pause * 2, 0.25)
            }
        }
    }

    private init(_ target: SSHTarget) throws(SSHError) {
        guard LibSSH2.initialised == 0 else {
            throw SSHError(.protocolFailure(code: LibSSH2.initialised), "libssh2 can't start; check its installation")
        }
        let deadline = monotonicSeconds() + target.connectTimeout
        let transport = SSHTransport(fd: try TCPConnect.open(target, until: deadline))
        guard let session = transport.makeSession() else {
            throw SSHError(.protocolFailure(code: Int32(LIBSSH2_ERROR_ALLOC)), "libssh2 is out of memory")
        }
        self.target = target
        self.transport = transport
        self.session = session
        try preferMethods()
        try handshake(until: deadline)
        try checkHostKey()
        try logIn(until: deadline)
        libssh2_keepalive_config(session, 1, UInt32(target.keepaliveInterval))
        isEstablished = true
    }

    /// Makes global requests, each of which ends within the connection's time limit. It must run before the first
    /// keepalive is sent.
    func beforeKeepAlives<T>(_ work: (WaitLimit) throws(SSHError) -> T) throws(SSHError) -> T {
        isEstablished = false
        defer { isEstablished = true }
        return try work(.until(monotonicSeconds() + target.connectTimeout))
    }

    deinit {
        if transport.failure == nil {
            _ = libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "done", "")
        }
        transport.flush()
        transport.abandon()
        libssh2_session_free(session)
    }

    /// A session without a process, opened on the first call. Reading from it makes libssh2 process everything that
    /// arrived, for all channels, even when no channel is open or reads.
    @discardableResult
    func openIdleChannel() throws(SSHError) -> OpaquePointer {
        if let idleChannel { return idleChannel }
        let opened = try openChannel()
        idleChannel = opened
        return opened
    }

    // MARK: Waiting

    /// How long an answer may take.
    enum WaitLimit {
        /// Until this time on the monotonic clock.
        case until(Double)
        /// As long as the server answers keepalives.
        case whileAlive
    }

    /// Repeats a libssh2 call until it would not block, and returns its result.
    @discardableResult
    func drive(_ limit: WaitLimit = .whileAlive, _ call: () -> Int) throws(SSHError) -> Int {
        while true {
            if transport.queued <= SSHTransport.highWater {
                let result = call()
                transport.flush()
                guard result == LibSSH2.wouldBlock else { return result }
            }
            try wait(limit)
        }
    }

    /// Does the same as `drive` for calls that return a pointer; nil is a failure.
    func drivePointer(_ limit: WaitLimit = .whileAlive, _ call: () -> OpaquePointer?) throws(SSHError)
        -> OpaquePointer?
    {
        var pointer: OpaquePointer?
        try drive(limit) {
            pointer = call()
            return pointer == nil ? Int(libssh2_session_last_errno(session)) : 0
        }
        return pointer
    }

    /// Waits for the socket, or until `input` is readable.
    func wait(_ limit: WaitLimit, input: Int32 = -1) throws(SSHError) {
        if let failure = transport.failure { throw lost(errorText(failure)) }
        var milliseconds = 60_000
        if case .until(let deadline) = limit {
            let left = deadline - monotonicSeconds()
            guard left > 0 else {
                throw SSHError(.timedOut, "\(target.place) didn't answer in time; \(target.nextStep)")
            }
            milliseconds = Int(min(left, 60) * 1000) + 1
        }
        milliseconds = min(milliseconds, try keepAlive())
        var ready = [
            pollfd(fd: transport.fd, events: Int16(POLLIN) | (transport.queued > 0 ? Int16(POLLOUT) : 0), revents: 0),
            pollfd(fd: interruptions?.fd ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&ready, 3, Int32(milliseconds)) >= 0 || errno == EINTR else {
            throw SSHError(.localFailure(errno: errno), "poll failed: \(errorText(errno))")
        }
        if ready[1].revents != 0, let signal = interruptions?.nextEnding() {
            throw SSHError(.interrupted(signal: signal), "interrupted")
        }
        transport.flush()
    }

    /// Sends a keepalive when one is due and returns the milliseconds until the next. It fails when the server was
    /// silent for too long.
    func keepAlive() throws(SSHError) -> Int {
        guard isEstablished else { return 60_000 }
        // This process didn't read for a while (between two commands, or stopped), so the silence isn't the server's.
        let now = monotonicSeconds()
        if now - lastKeepAlive > Double(target.keepaliveInterval + 1) { transport.restartSilence() }
        lastKeepAlive = now
        var seconds: Int32 = 0
        libssh2_keepalive_send(session, &seconds)
        let silence = now - transport.lastHeard
        let limit = Double(target.keepaliveInterval * 3)
        guard silence < limit else { throw lost("no answer for \(Int(limit)) seconds") }
        return Int(min(Double(max(seconds, 1)), max(limit - silence, 0)) * 1000) + 1
    }

    // MARK: Setting up

    /// Sets this side's order of preference. libssh2 drops the names that its version doesn't know.
    private func preferMethods() throws(SSHError) {
        let ciphers =
            "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com,aes256-ctr"
        let hashes = box_cpu_has_sha256() == 1 ? ["256", "512"] : ["512", "256"]
        let macs = hashes.map { "hmac-sha2-\($0)-etm@openssh.com,hmac-sha2-\($0)" }.joined(separator: ",")
        let hostKeys =
            try KnownHosts(path: target.knownHostsPath).pins(boxID: target.boxID).map(\.keyType)
            + [
                "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
                "rsa-sha2-256", "ssh-rsa",
            ]
        let preferences = [
            (
                LIBSSH2_METHOD_KEX,
                "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                    + "ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group14-sha256"
            ),
            (LIBSSH2_METHOD_HOSTKEY, hostKeys.joined(separator: ",")),
            (LIBSSH2_METHOD_CRYPT_CS, ciphers), (LIBSSH2_METHOD_CRYPT_SC, ciphers),
            (LIBSSH2_METHOD_MAC_CS, macs), (LIBSSH2_METHOD_MAC_SC, macs),
        ]
        if target.compresses { libssh2_session_flag(session, LIBSSH2_FLAG_COMPRESS, 1) }
        for (method, names) in preferences {
            let code = libssh2_session_method_pref(session, method, names)
            guard code == 0 else { throw failed("set up", Int(code)) }
        }
    }

    private func handshake(until deadline: Double) throws(SSHError) {
        let code: Int
        do {
            code = try drive(.until(deadline)) { Int(libssh2_session_handshake(session, transport.fd)) }
        } catch {
            guard error.kind == .timedOut else { throw error }
            let seconds = Int(target.connectTimeout.rounded(.up))
            throw SSHError(
                .timedOut,
                "\(target.place) took the connection but didn't speak SSH within \(seconds) s; \(target.nextStep)")
        }
        guard code == 0 else { throw failed("start SSH", code) }
    }

    private func checkHostKey() throws(SSHError) {
        var length = 0
        var type: Int32 = 0
        guard let bytes = libssh2_session_hostkey(session, &length, &type), length > 0 else {
            throw failed("read the host key", Int(LIBSSH2_ERROR_HOSTKEY_INIT))
        }
        let key = Array(UnsafeRawBufferPointer(start: bytes, count: length))
        try HostKeyCheck.require(key, of: target)
    }

    private func logIn(until deadline: Double) throws(SSHError) {
        let line = target.key.publicKeyLine
        let user = target.user
        let code = try drive(.until(deadline)) {
            target.key.secret.bytes.withMemoryRebound(to: CChar.self) { secret in
                Int(
                    libssh2_userauth_publickey_frommemory(
                        session, user, user.utf8.count, line, line.utf8.count, secret.baseAddress, secret.count, nil))
            }
        }
        switch Int32(code) {
        case 0: return
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            throw SSHError(
                .authenticationRefused,
                "\(target.place) doesn't accept the key \(target.key.privateKeyPath) for the user "
                    + "\(displayText(user.utf8)); run `box ssh \(target.boxID)`, which registers the key, or \(target.nextStep)"
            )
        default: throw failed("log in", code)
        }
    }

    // MARK: Errors

    func lost(_ reason: String) -> SSHError {
        SSHError(.connectionLost, "the connection to \(target.place) was lost: \(reason); \(target.nextStep)")
    }

    /// A libssh2 code as an error; `doing` continues the words "can't".
    func failed(_ doing: String, _ code: Int) -> SSHError {
        let detail = LibSSH2.lastError(session) ?? "libssh2 error \(code)"
        switch Int32(code) {
        case _ where transport.failure != nil:
            return lost(errorText(transport.failure!))
        case LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND,
            LIBSSH2_ERROR_BANNER_RECV:
            return lost(detail)
        case LIBSSH2_ERROR_TIMEOUT, LIBSSH2_ERROR_SOCKET_TIMEOUT:
            return SSHError(.timedOut, "\(target.place) didn't answer in time; \(target.nextStep)")
        case LIBSSH2_ERROR_CHANNEL_FAILURE, LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED, LIBSSH2_ERROR_REQUEST_DENIED:
            return SSHError(.requestRefused, "can't \(doing) on \(target.place): \(detail)")
        default:
            return SSHError(
                .protocolFailure(code: Int32(code)), "can't \(doing) on \(target.place): \(detail); \(target.nextStep)")
        }
    }
}
