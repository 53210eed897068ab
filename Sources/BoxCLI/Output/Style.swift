import BoxModel

/// When to use colours.
enum ColorChoice: String, Sendable, CaseIterable { case auto, always, never }

/// Colours for one stream, or none.
struct Style: Sendable, Equatable {
    let isColored: Bool

    static let plain = Style(isColored: false)

    /// `--color` first, then `NO_COLOR` and `CLICOLOR_FORCE`, then whether the stream is a terminal.
    init(_ choice: ColorChoice, isTerminal: Bool, environment: [String: String]) {
        func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
        switch choice {
        case .always: isColored = true
        case .never: isColored = false
        case .auto:
            if isSet("NO_COLOR") {
                isColored = false
            } else if isSet("CLICOLOR_FORCE"), environment["CLICOLOR_FORCE"] != "0" {
                isColored = true
            } else {
                isColored = isTerminal && environment["TERM"] != "dumb"
            }
        }
    }

    private init(isColored: Bool) { self.isColored = isColored }

    private func paint(_ code: String, _ text: String) -> String {
        isColored && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    func bold(_ text: String) -> String { paint("1", text) }
    func dim(_ text: String) -> String { paint("2", text) }
    func red(_ text: String) -> String { paint("31", text) }
    func green(_ text: String) -> String { paint("32", text) }
    func yellow(_ text: String) -> String { paint("33", text) }
    func cyan(_ text: String) -> String { paint("36", text) }

    /// A state's word, in the colour of its meaning.
    func state(_ state: BoxState, _ text: String? = nil) -> String {
        let text = text ?? Text.clean(state.displayName)
        switch state {
        case .ready, .idle, .provisioned: return green(text)
        case .running: return cyan(text)
        case .archived: return dim(text)
        case .error: return red(text)
        default: return yellow(text)
        }
    }
}
