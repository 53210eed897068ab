import Glibc

/// What is told when a program of ours crashes.
public enum CrashReport {
    /// Ends Swift's own report, whose registers and the memory that they point to can hold keys and secrets, on a terminal or in a log. The
    /// words of a failed check are written before that. Where `SWIFT_BACKTRACE` is set, somebody wants the report, and it stays.
    public static func leaveOut() {
        guard getenv("SWIFT_BACKTRACE") == nil else { return }
        // The signals that the runtime handles: its CrashHandlerLinux.cpp.
        for crash in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(crash, SIG_DFL) }
    }
}
