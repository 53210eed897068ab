internal import CSSH2
import Glibc

/// How a remote process ended.
public enum RemoteExit: Sendable, Equatable {
    case code(Int32)
    /// A signal's name without `SIG`, such as `TERM`.
    case signal(String)
}

extension SSHConnection {
    /// The longest command, in bytes.
    public static let maximumCommandLength = 1 << 20

    /// Runs a command, or a login shell when `command` is nil, and carries the three streams until it has ended.
    ///
    /// The caller still owns the descriptors, and their flags are never changed. Any of them may be closed or -1. The
    /// end of `stdin` is sent to the command while output continues. When there is output but the reader of `stdout`
    /// has closed, the session ends with `.signal("PIPE")`, as for a local process.
    ///
    /// SIGINT, SIGTERM, SIGHUP and SIGQUIT are forwarded to the command; the second one ends this process. With a raw
    /// terminal the first one does, after the terminal has been restored.
    ///
    /// - Parameters:
    ///   - terminal: requests a pty, which merges stderr into stdout; `~.` at the start of a line ends the session
    ///     (``SSHError/Kind/closedByUser``).
    ///   - environment: sent variable by variable. The remote shell exports those that the server refuses (sshd_config(5),
    ///     AcceptEnv); their values are then part of the command line. Names must be valid in a shell.
    ///   - isSubsystem: the command is the name of one of the server's subsystems, such as `sftp`.
    /// - Throws: ``SSHError``; `.interrupted` when a signal arrived that couldn't be forwarded.
    public func run(
        command: String?, terminal: TerminalRequest? = nil, environment: [(String, String)] = [],
        isSubsystem: Bool = false, stdin: Int32 = 0, stdout: Int32 = 1, stderr: Int32 = 2
    ) throws(SSHError) -> RemoteExit {
        try requireStartable(command)
        let outer = interruptions
        interruptions = outer ?? SignalWatch()
        defer { interruptions = outer }
        let channel = try openChannel()
        // When this side ends first, the server closes the channel only after the process. Nothing is lost by not
        // waiting for that.
        var closeTimeout = 0.1
        defer { closeChannel(channel, within: closeTimeout) }
        let refused = try send(environment, channel)
        try requestTerminal(channel, terminal)
        var line = isSubsystem ? command : try RemoteCommand.exporting(refused, before: command)
        try requireStartable(line)
        if let long = line, long.utf8.count > LongCommand.longestRequest, !isSubsystem {
            line = try LongCommand(long, over: self).line
        }
        try start(channel, line, isSubsystem ? "subsystem" : line == nil ? "shell" : "exec")

        let raw = terminal?.localTerminal.flatMap(RawTerminal.init)
        defer { raw?.restore() }
        let pump = ExecPump(
            connection: self, channel: channel, terminal: terminal,
            input: LocalInput(stdin, escapes: raw != nil), outputs: [LocalOutput(stdout), LocalOutput(stderr)])
        let exit = try pump.run()
        if pump.isClosed { closeTimeout = 2 }
        return exit
    }

    /// - Parameter window: how many bytes the server may send that aren't read here yet.
    func openChannel(_ limit: WaitLimit = .whileAlive, window: UInt32 = 2 << 20) throws(SSHError) -> OpaquePointer {
        let type = "session"
        let channel = try drivePointer(limit) {
            libssh2_channel_open_ex(
                session, type, UInt32(type.utf8.count), window, UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT), nil, 0)
        }
        guard let channel else { throw failed("open a session", Int(libssh2_session_last_errno(session))) }
        return channel
    }

    /// Closes a channel and waits up to `seconds` for the server to confirm. What libssh2 still holds then is freed
    /// with the session.
    func closeChannel(_ channel: OpaquePointer, within seconds: Double = 2) {
        let outer = interruptions
        interruptions = nil
        defer { interruptions = outer }
        _ = try? drive(.until(monotonicSeconds() + seconds)) { Int(libssh2_channel_free(channel)) }
    }

    private func requireStartable(_ command: String?) throws(SSHError) {
        guard let command else { return }
        if command.utf8.count > Self.maximumCommandLength {
            throw SSHError(
                .invalidRequest,
                "the command is \(command.utf8.count) bytes long, more than \(Self.maximumCommandLength); "
                    + "send it through standard input: `box ssh \(target.boxID) -- bash -s < script`")
        }
        guard !command.utf8.contains(0) else {
            throw SSHError(.invalidRequest, "the command has a NUL byte in it, which no shell takes")
        }
    }

    /// Sends environment variables and returns those that the server refuses. Most servers refuse most names.
    private func send(_ environment: [(String, String)], _ channel: OpaquePointer) throws(SSHError) -> [(
        String, String
    )] {
        var refused: [(String, String)] = []
        for (name, value) in environment {
            guard name.utf8.count + value.utf8.count < LongCommand.longestRequest else {
                throw SSHError(.invalidRequest, "the value of \(displayText(name.utf8)) is too long")
            }
            let code = try drive {
                Int(libssh2_channel_setenv_ex(channel, name, UInt32(name.utf8.count), value, UInt32(value.utf8.count)))
            }
            if code != 0 { refused.append((name, value)) }
        }
        return refused
    }

    private func requestTerminal(_ channel: OpaquePointer, _ terminal: TerminalRequest?) throws(SSHError) {
        guard let terminal else { return }
        let size = terminal.size()
        let modes = terminal.encodedModes()
        let code = try drive {
            modes.withUnsafeBytes { bytes in
                let bytes = bytes.assumingMemoryBound(to: CChar.self)
                return Int(
                    libssh2_channel_request_pty_ex(
                        channel, terminal.term, UInt32(terminal.term.utf8.count), bytes.baseAddress,
                        UInt32(bytes.count),
                        size.columns, size.rows, 0, 0))
            }
        }
        guard code == 0 else { throw failed("get a terminal", code) }
    }

    private func start(_ channel: OpaquePointer, _ command: String?, _ request: String) throws(SSHError) {
        let code = try drive {
            Int(
                libssh2_channel_process_startup(
                    channel, request, UInt32(request.utf8.count), command, UInt32(command?.utf8.count ?? 0)))
        }
        guard code == 0 else { throw failed("start \(request == "exec" ? "the command" : "a \(request)")", code) }
    }
}
