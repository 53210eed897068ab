import Glibc

/// Controls the report of a crash of this project's programs.
package enum CrashReport {
    /// Turns Swift's own crash report off. Its registers, and the memory that they point to, can contain keys and
    /// secrets, on a terminal or in a log.
    ///
    /// The message of a failed check is still written, because that comes first. When `SWIFT_BACKTRACE` is set, the
    /// report is wanted and stays on.
    package static func leaveOut() {
        guard getenv("SWIFT_BACKTRACE") == nil else { return }
        // The signals that the runtime handles, by its CrashHandlerLinux.cpp.
        for crash in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(crash, SIG_DFL) }
    }
}
