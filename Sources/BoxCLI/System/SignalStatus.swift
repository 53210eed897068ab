import Glibc

extension ExitStatus {
    /// The status for a remote command that a signal ended, by the shells' convention: 128 and the signal's number.
    ///
    /// - Parameter name: POSIX's name, with or without `SIG`. Other names give 128.
    init(signal name: String) {
        let short = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
        self.init(rawValue: 128 + (Self.signals[short] ?? 0))
    }

    private static let signals: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT,
        "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2,
        "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "SYS": SIGSYS,
    ]
}
