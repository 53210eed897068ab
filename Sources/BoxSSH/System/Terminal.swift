internal import CSSH2
import Glibc

/// The pty to request on the remote side, and the local terminal that it belongs to.
public struct TerminalRequest: Sendable {
    /// The value of TERM on the remote side.
    public var term: String
    /// The local terminal. Its size, modes and resizes are sent, and it is in raw mode meanwhile. nil requests a pty of
    /// `columns` by `rows` without a local terminal.
    public var localTerminal: Int32?
    public var columns: Int
    public var rows: Int

    public init(term: String = "xterm-256color", localTerminal: Int32?, columns: Int = 80, rows: Int = 24) {
        self.term = term
        self.localTerminal = localTerminal
        self.columns = columns
        self.rows = rows
    }

    /// The current size: the local terminal's, if there is one.
    func size() -> (columns: Int32, rows: Int32) {
        var size = winsize()
        if let fd = localTerminal, ioctl(fd, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 {
            return (Int32(size.ws_col), Int32(size.ws_row))
        }
        return (Int32(clamping: columns), Int32(clamping: rows))
    }

    /// The local terminal's modes in wire form; empty when there is none.
    func encodedModes() -> [UInt8] {
        var modes = termios()
        guard let fd = localTerminal, tcgetattr(fd, &modes) == 0 else { return [] }
        // libssh2 has 256 bytes for the name and the modes together (channel.c, channel_request_pty).
        return TerminalModes.encode(modes, limit: 256 - term.utf8.count)
    }
}

/// A terminal in raw mode until ``restore()``; at most one in a process.
///
/// ``SignalWatch``'s handler restores it too, so that an ending signal leaves the user's terminal usable.
final class RawTerminal {
    private let fd: Int32
    private var saved: termios
    private var isRaw = true

    /// nil when `fd` is no terminal.
    init?(_ fd: Int32) {
        var modes = termios()
        guard tcgetattr(fd, &modes) == 0 else { return nil }
        self.fd = fd
        saved = modes
        let state = SignalState.shared
        state.terminalModes[0] = modes
        state.terminal[0] = fd

        // As OpenSSH does (sshtty.c, enter_raw_mode): every key is a byte for the remote side.
        modes.c_iflag |= tcflag_t(IGNPAR)
        modes.c_iflag &= ~tcflag_t(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC)
        modes.c_lflag &= ~tcflag_t(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN)
        modes.c_oflag &= ~tcflag_t(OPOST)
        withUnsafeMutableBytes(of: &modes.c_cc) {
            $0[Int(VMIN)] = 1
            $0[Int(VTIME)] = 0
        }
        tcsetattr(fd, TCSADRAIN, &modes)
    }

    deinit { restore() }

    func restore() {
        guard isRaw else { return }
        isRaw = false
        tcsetattr(fd, TCSADRAIN, &saved)
        SignalState.shared.terminal[0] = -1
    }
}
