import Glibc
import Synchronization

/// Handles Ctrl-C, which ends the run immediately.
///
/// While a line is being written to standard output, it ends when the line is complete, or on the second Ctrl-C.
enum Interruption {
    /// The number of lines that are being written.
    private static let lines = Atomic(0)
    private static let isRequested = Atomic(false)
    /// Whether the text on the terminal ends in the middle of a line.
    private static let lineIsOpen = Atomic(false)
    /// The address of a C string to show to the user who ends the run; 0 for none.
    private static let lastWords = Atomic<UInt>(0)

    static func setLineOpen(_ isOpen: Bool) { lineIsOpen.store(isOpen, ordering: .sequentiallyConsistent) }

    /// The earlier text isn't freed, because the signal handler may be reading it.
    static func setLastWords(_ text: String) {
        lastWords.store(UInt(bitPattern: strdup(text)), ordering: .sequentiallyConsistent)
    }

    /// Installs the handler, unless SIGINT is ignored, as by `nohup` and `trap '' INT`.
    static func install() {
        // Initialise the globals now, because a signal handler may not.
        _ = (lines.load(ordering: .relaxed), isRequested.load(ordering: .relaxed))
        _ = (lineIsOpen.load(ordering: .relaxed), lastWords.load(ordering: .relaxed))
        var earlier = sigaction()
        sigaction(SIGINT, nil, &earlier)
        let ignored = unsafeBitCast(earlier.__sigaction_handler.sa_handler, to: Int.self) == 1
        if !ignored { signal(SIGINT) { _ in Interruption.arrived() } }
    }

    /// Runs code that writes a line.
    static func whileWriting<T>(_ write: () throws -> T) rethrows -> T {
        lines.add(1, ordering: .sequentiallyConsistent)
        defer {
            lines.subtract(1, ordering: .sequentiallyConsistent)
            if isRequested.load(ordering: .sequentiallyConsistent) { end() }
        }
        return try write()
    }

    /// Makes only calls that are allowed in a signal handler.
    private static func arrived() {
        let isSecond = isRequested.exchange(true, ordering: .sequentiallyConsistent)
        if isSecond || lines.load(ordering: .sequentiallyConsistent) == 0 { end() }
    }

    /// Erases the status line, writes the last words, and exits. Nothing else must be restored: code that changes the
    /// terminal handles Ctrl-C itself.
    private static func end() -> Never {
        if isatty(STDERR_FILENO) == 1 {
            let isOpen = lineIsOpen.load(ordering: .sequentiallyConsistent)
            // Erases the line below and moves to it, or erases this line.
            var erase: (UInt8, UInt8, UInt8, UInt8, UInt8) = (0x1B, 0x5B, 0x4A, 0x0D, 0x0A)
            if !isOpen { erase = (0x0D, 0x1B, 0x5B, 0x4B, 0x0D) }
            withUnsafeBytes(of: erase) { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if let words = UnsafePointer<CChar>(bitPattern: lastWords.load(ordering: .sequentiallyConsistent)) {
                _ = write(STDERR_FILENO, words, strlen(words))
            }
        }
        _exit(ExitStatus.interrupted.rawValue)
    }
}
