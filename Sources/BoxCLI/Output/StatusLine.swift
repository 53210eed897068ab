import Synchronization

/// One line on a terminal's stderr that says what is waited for, with a spinner and the time so far.
final class StatusLine: Sendable {
    private struct State {
        var text = ""
        var started = ContinuousClock.now
        var ticker: Task<Void, Never>?
        var frame = 0
    }

    private static let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
    private let state = Mutex(State())
    private let sink: any ByteSink
    private let isShown: Bool
    private let style: Style

    init(sink: any ByteSink, isShown: Bool, style: Style) {
        self.sink = sink
        self.isShown = isShown
        self.style = style
    }

    /// Shows the text from now on; the time counts from the first text.
    func show(_ text: String) {
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
            draw(&state)
        }
    }

    /// Takes the line away. Harmless when there is none.
    func clear() {
        guard isShown else { return }
        state.withLock { state in
            guard let ticker = state.ticker else { return }
            ticker.cancel()
            state.ticker = nil
            try? sink.write(Array("\r\u{1B}[K".utf8))
        }
    }

    private func tick() {
        state.withLock { state in
            guard state.ticker != nil else { return }
            state.frame += 1
            draw(&state)
        }
    }

    private func draw(_ state: inout State) {
        let frame = Self.frames[state.frame % Self.frames.count]
        let seconds = (ContinuousClock.now - state.started).components.seconds
        let time = seconds > 0 ? style.dim(", \(Text.duration(Int(seconds))) elapsed") : ""
        try? sink.write(Array("\r\u{1B}[K\(style.cyan(frame)) \(state.text)\(time)".utf8))
    }
}
