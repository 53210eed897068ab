import Glibc
import Synchronization
import Testing

/// A local pseudo-terminal. The test types on its other end and reads the screen.
final class PseudoTerminal: Sendable {
    let master: Int32
    /// The terminal of the program under test.
    let slave: Int32
    private let screen = Mutex<[UInt8]>([])

    init(columns: UInt16 = 80, rows: UInt16 = 24) throws {
        // posix_openpt(3) and its related functions are declared only for _XOPEN_SOURCE. This does the same.
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var locked: Int32 = 0
        var number: UInt32 = 0
        let (unlock, getNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))  // TIOCSPTLCK and TIOCGPTN.
        try #require(ioctl(master, unlock, &locked) == 0)
        try #require(ioctl(master, getNumber, &number) == 0)
        slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
        resize(columns: columns, rows: rows)
    }

    deinit {
        close(slave)
        close(master)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { writeEverything(master, $0) }
    }

    /// Reads the screen until it shows `text`; false after some seconds.
    func shows(_ text: String) -> Bool {
        eventually {
            readWhatIsThere()
            return String(decoding: screen.withLock { $0 }, as: UTF8.self).contains(text)
        }
    }

    /// Whether local echo and line editing are on, as a shell leaves a terminal.
    var isCooked: Bool {
        var modes = termios()
        tcgetattr(slave, &modes)
        return modes.c_lflag & tcflag_t(ECHO | ICANON | ISIG) == tcflag_t(ECHO | ICANON | ISIG)
            && modes.c_oflag & tcflag_t(OPOST) != 0
    }

    private func readWhatIsThere() {
        var ready = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 0) > 0, ready.revents & Int16(POLLIN) != 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(master, &buffer, buffer.count)
        if count > 0 { screen.withLock { $0 += buffer[..<count] } }
    }
}
