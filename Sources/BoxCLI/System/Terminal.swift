import Glibc

/// The properties of the terminal, if there is one.
public struct Terminal: Sendable, Equatable {
    public var stdinIsTerminal: Bool
    public var stdoutIsTerminal: Bool
    public var stderrIsTerminal: Bool
    /// The width in columns.
    public var width: Int

    public init(
        stdinIsTerminal: Bool = false, stdoutIsTerminal: Bool = false, stderrIsTerminal: Bool = false, width: Int = 80
    ) {
        self.stdinIsTerminal = stdinIsTerminal
        self.stdoutIsTerminal = stdoutIsTerminal
        self.stderrIsTerminal = stderrIsTerminal
        self.width = width
    }

    /// The terminal of this process.
    static func live(environment: [String: String]) -> Terminal {
        var size = winsize()
        var width = environment["COLUMNS"].flatMap(Int.init) ?? 0
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] where width <= 0 {
            if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 { width = Int(size.ws_col) }
        }
        return Terminal(
            stdinIsTerminal: isatty(STDIN_FILENO) == 1, stdoutIsTerminal: isatty(STDOUT_FILENO) == 1,
            stderrIsTerminal: isatty(STDERR_FILENO) == 1, width: width > 0 ? width : 80)
    }
}
