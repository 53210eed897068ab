import Synchronization

/// A status line on the terminal's stderr, with a spinner and the time so far.
///
/// While text on the same terminal ends in the middle of a line, the status line is the line below.
final class StatusLine: Sendable {
    private struct State {
        var text = ""
        var started = ContinuousClock.now
        var ticker: Task<Void, Never>?
        var frame = 0
        /// The cursor after the text on the same terminal.
        var cursor = TextCursor()
        /// Whether there is a line below the cursor.
        var hasRoom = false
    }

    private static let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
    private let state = Mutex(State())
    private let sink: any ByteSink
    private let isShown: Bool
    private let style: Style
    private let width: Int

    /// - Parameter width: the terminal's width in columns.
    init(sink: any ByteSink, isShown: Bool, style: Style, width: Int) {
        self.sink = sink
        self.isShown = isShown
        self.style = style
        self.width = width
    }

    /// Shows the text from now on.
    ///
    /// - Parameter start: the start of the displayed time; by default when the line first appeared.
    func show(_ text: String, since start: ContinuousClock.Instant? = nil) {
        guard isShown else { return }
        state.withLock { state in
            state.text = text
            if state.ticker == nil {
                state.started = .now
                state.ticker = Task { [weak self] in
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .milliseconds(80))
                        self?.tick()
                    }
                }
            }
            state.started = start ?? state.started
            draw(&state)
        }
    }

    /// Removes the line. Harmless when there is none.
    func clear() {
        guard isShown else { return }
        state.withLock { state in
            guard let ticker = state.ticker else { return }
            ticker.cancel()
            state.ticker = nil
            write(state.cursor.isAtStart ? "\r\u{1B}[K" : "\u{1B}[J")
        }
    }

    /// Records text that was written to the same terminal. The line must have been cleared before.
    func textWasWritten(_ text: String) {
        guard isShown else { return }
        state.withLock { state in
            state.cursor.append(text)
            state.hasRoom = false
            Interruption.setLineOpen(!state.cursor.isAtStart)
        }
    }

    /// - Returns: whether the text there ends in the middle of a line. Then the caller must end that line now.
    func endLine() -> Bool {
        guard isShown, state.withLock({ !$0.cursor.isAtStart }) else { return false }
        textWasWritten("\n")
        return true
    }

    /// Sets the text that people see when they end the run with Ctrl-C.
    func setLastWords(_ text: String) {
        if isShown { Interruption.setLastWords(text + "\n") }
    }

    private func tick() {
        state.withLock { state in
            guard state.ticker != nil else { return }
            state.frame += 1
            draw(&state)
        }
    }

    private func draw(_ state: inout State) {
        let line = line(state)
        if state.cursor.isAtStart { return write("\r\u{1B}[K\(line)") }
        if state.cursor.isAtEdge(width: width) { return }
        // Moves down and up again, which scrolls when there is no line below yet. Then draws below and returns, by
        // saving the cursor.
        if !state.hasRoom { write("\u{1B}D\u{1B}[A") }
        state.hasRoom = true
        write("\u{1B}7\r\n\u{1B}[K\(line)\u{1B}8")
    }

    /// The line's text. It is shorter than the terminal's width, because only one row can be erased: it leaves room for
    /// `^C`.
    private func line(_ state: State) -> String {
        let frame = Self.frames[state.frame % Self.frames.count]
        let seconds = (ContinuousClock.now - state.started).components.seconds
        let time = seconds > 0 ? ", \(Text.duration(Int(seconds))) elapsed" : ""
        let text = Text.truncate(state.text, to: max(0, width - 5 - Text.width(time)))
        return "\(style.cyan(frame)) \(text)\(style.dim(time))"
    }

    private func write(_ text: String) { try? sink.write(Array(text.utf8)) }
}
