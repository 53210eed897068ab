import Glibc
import Synchronization

/// Ctrl-C. It ends the run at once, but not in the middle of a line that is being written to standard output: then when the
/// line is whole, or at the second Ctrl-C.
enum Interruption {
    /// Lines that are being written.
    private static let lines = Atomic(0)
    private static let isRequested = Atomic(false)

    /// Not where somebody has chosen to ignore it, as `nohup` and `trap '' INT` do.
    static func install() {
        // Made now, because a signal handler may not.
        _ = (lines.load(ordering: .relaxed), isRequested.load(ordering: .relaxed))
        var earlier = sigaction()
        sigaction(SIGINT, nil, &earlier)
        let ignored = unsafeBitCast(earlier.__sigaction_handler.sa_handler, to: Int.self) == 1
        if !ignored { signal(SIGINT) { _ in Interruption.arrived() } }
    }

    /// Runs what writes a line.
    static func whileWriting<T>(_ write: () throws -> T) rethrows -> T {
        lines.add(1, ordering: .sequentiallyConsistent)
        defer {
            lines.subtract(1, ordering: .sequentiallyConsistent)
            if isRequested.load(ordering: .sequentiallyConsistent) { end() }
        }
        return try write()
    }

    /// Only calls that a signal handler may make.
    private static func arrived() {
        let isSecond = isRequested.exchange(true, ordering: .sequentiallyConsistent)
        if isSecond || lines.load(ordering: .sequentiallyConsistent) == 0 { end() }
    }

    /// Takes the status line away and ends. Nothing else needs to be put back: terminals are only changed where the
    /// change handles Ctrl-C itself.
    private static func end() -> Never {
        if isatty(STDERR_FILENO) == 1 {
            let erase: (UInt8, UInt8, UInt8, UInt8) = (0x0D, 0x1B, 0x5B, 0x4B)
            withUnsafeBytes(of: erase) { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        _exit(ExitStatus.interrupted.rawValue)
    }
}
