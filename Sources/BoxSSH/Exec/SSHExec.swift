internal import CSSH2
import Glibc

/// How a remote process ended.
public enum RemoteExit: Sendable, Equatable {
    case code(Int32)
    /// A signal's name without `SIG`, such as `TERM`.
    case signal(String)
}

extension SSHConnection {
    /// Of a command, in bytes.
    public static let maximumCommandLength = 1 << 20

    /// Runs a command, or a login shell when `command` is nil, and carries the three streams until it has ended.
    ///
    /// The descriptors stay the caller's and their flags are never changed; any of them may be closed or -1. The end of
    /// `stdin` is passed on while output continues. When there is output and the reader of `stdout` has gone, the session
    /// is ended and the result is `.signal("PIPE")`, as for a local process.
    ///
    /// - Parameters:
    ///   - terminal: asks for a pty, which merges stderr into stdout; `~.` at the start of a line ends the session
    ///     (``SSHError/Kind/closedByUser``).
    ///   - environment: sent one by one; what the server doesn't accept (sshd_config(5), AcceptEnv) is exported by the shell
    ///     there, and is in the command's line then. Names must be a shell's.
    ///   - isSubsystem: the command is the name of one of the server's subsystems, such as `sftp`.
    ///
    /// SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on; the second one ends this process. With a raw terminal the first one
    /// does, after the terminal has been restored.
    ///
    /// - Throws: ``SSHError``; `.interrupted` when a signal came that couldn't be passed on.
    public func run(
        command: String?, terminal: TerminalRequest? = nil, environment: [(String, String)] = [],
        isSubsystem: Bool = false, stdin: Int32 = 0, stdout: Int32 = 1, stderr: Int32 = 2
    ) throws(SSHError) -> RemoteExit {
        try requireStartable(command)
        let outer = interruptions
        interruptions = outer ?? SignalWatch()
        defer { interruptions = outer }
        let channel = try openChannel()
        // When we end first, the server closes its side only after the process; nothing is lost by not waiting for that.
        var goodbye = 0.1
        defer { closeChannel(channel, within: goodbye) }
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
        if pump.isClosed { goodbye = 2 }
        return exit
    }

    /// - Parameter window: what the server may send that isn't read here yet, in bytes.
    func openChannel(_ limit: WaitLimit = .whileAlive, window: UInt32 = 2 << 20) throws(SSHError) -> OpaquePointer {
        let type = "session"
        let channel = try drivePointer(limit) {
            libssh2_channel_open_ex(
                session, type, UInt32(type.utf8.count), window, UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT), nil, 0)
        }
        guard let channel else { throw failed("open a session", Int(libssh2_session_last_errno(session))) }
        return channel
    }

    /// Waits for the other side's goodbye that long; what libssh2 still holds then is freed with the session.
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

    /// Returns what the server doesn't accept, which is most names for most servers.
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
