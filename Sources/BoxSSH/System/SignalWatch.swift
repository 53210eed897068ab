internal import CSSH2
import Glibc

/// Turns signals into bytes on a pipe while it lives (the self-pipe trick), so that a poll(2) loop can handle them.
///
/// The signals are SIGWINCH, SIGINT, SIGTERM, SIGHUP and SIGQUIT. SIGPIPE is ignored, so that a closed output gives an
/// error code.
///
/// Signal handlers belong to the whole process. The first watch installs them, the last one restores the earlier ones,
/// and every watch gets every signal. A signal that was ignored stays ignored.
///
/// An ending signal that arrives a second time, or while a terminal is in raw mode, isn't left to a loop. The handler
/// restores the terminal and raises the signal again with its earlier action.
final class SignalWatch {
    private let slot: Int

    /// nil when all slots are in use; then signals act as before.
    init?() {
        guard let slot = SignalState.shared.claim() else { return nil }
        self.slot = slot
    }

    deinit { SignalState.shared.release(slot) }

    /// Readable when a signal has arrived.
    var fd: Int32 { SignalState.shared.readEnds[slot] }

    /// The next signal that arrived, or nil.
    func next() -> Int32? {
        var number: UInt8 = 0
        guard read(fd, &number, 1) == 1 else { return nil }
        return Int32(number)
    }

    /// The next signal that requests an end; it skips resizes.
    func nextEnding() -> Int32? {
        while let signal = next() {
            if signal != SIGWINCH { return signal }
        }
        return nil
    }
}

/// The state that the signal handler reads. It is behind plain pointers that are never freed, because a handler must
/// not lock, allocate or run into Swift's exclusivity checks.
struct SignalState: @unchecked Sendable {
    static let shared = SignalState()

    private static let slots = 64
    private static let caught = [SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    /// Signals of a crash. Their handler only restores the terminal.
    private static let crashes = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT]

    /// Write ends of the watches in use; -1 for free slots.
    fileprivate let writeEnds = filled(slots, Int32(-1))
    fileprivate let readEnds = filled(slots, Int32(-1))
    /// Pipes are kept for the next watch, so that a handler on another thread never writes to a reused descriptor.
    private let keptWriteEnds = filled(slots, Int32(-1))
    fileprivate let earlier = filled(65, sigaction())
    /// How many ending signals have arrived since the first watch.
    fileprivate let strikes = filled(1, Int32(0))
    private let watches = filled(1, 0)
    private let mutex = filled(1, pthread_mutex_t())

    /// The terminal to restore, or -1. The modes are stored before the descriptor.
    let terminal = filled(1, Int32(-1))
    let terminalModes = filled(1, termios())

    private init() { pthread_mutex_init(mutex, nil) }

    fileprivate func claim() -> Int? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard let slot = (0..<Self.slots).first(where: { writeEnds[$0] < 0 }) else { return nil }
        if keptWriteEnds[slot] < 0 {
            var ends: [Int32] = [-1, -1]
            guard box_pipe(&ends) == 0 else { return nil }
            readEnds[slot] = ends[0]
            keptWriteEnds[slot] = ends[1]
        }
        var byte: UInt8 = 0
        while read(readEnds[slot], &byte, 1) > 0 {}
        writeEnds[slot] = keptWriteEnds[slot]
        watches[0] += 1
        if watches[0] == 1 { install() }
        return slot
    }

    fileprivate func release(_ slot: Int) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        writeEnds[slot] = -1
        watches[0] -= 1
        guard watches[0] == 0 else { return }
        for signal in Self.caught + Self.crashes + [SIGPIPE] { sigaction(signal, earlier + Int(signal), nil) }
    }

    private func install() {
        strikes[0] = 0
        for signal in Self.caught + Self.crashes {
            sigaction(signal, nil, earlier + Int(signal))
            if isIgnored(earlier[Int(signal)]) { continue }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = handleSignal
            action.sa_flags = SA_RESTART
            sigfillset(&action.sa_mask)
            sigaction(signal, &action, nil)
        }
        var ignore = sigaction()
        ignore.__sigaction_handler.sa_handler = SIG_IGN
        sigaction(SIGPIPE, &ignore, earlier + Int(SIGPIPE))
    }

    private func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
    }

    private func isCrash(_ signal: Int32) -> Bool {
        switch signal {
        case SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT: true
        default: false
        }
    }

    /// Async-signal-safe: plain loads and stores, write(2), tcsetattr(3), sigaction(2), raise(3).
    fileprivate func handle(_ signal: Int32) {
        let saved = errno
        if signal != SIGWINCH {
            strikes[0] += 1
            if terminal[0] >= 0 || strikes[0] > 1 || isCrash(signal) {
                if terminal[0] >= 0 { tcsetattr(terminal[0], TCSANOW, terminalModes) }
                sigaction(signal, earlier + Int(signal), nil)
                // The signal is blocked until this handler returns. Then its earlier action applies.
                raise(signal)
                errno = saved
                return
            }
        }
        var number = UInt8(truncatingIfNeeded: signal)
        var slot = 0
        while slot < 64 {
            if writeEnds[slot] >= 0 { write(writeEnds[slot], &number, 1) }
            slot += 1
        }
        errno = saved
    }
}

private func filled<T>(_ count: Int, _ value: T) -> UnsafeMutablePointer<T> {
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: count)
    pointer.initialize(repeating: value, count: count)
    return pointer
}

private func handleSignal(_ signal: Int32) { SignalState.shared.handle(signal) }
