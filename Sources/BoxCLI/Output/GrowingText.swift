/// A text that arrives in versions, each longer than the one before, and is shown as it grows. Shown text can't be
/// removed.
struct GrowingText: Sendable, Equatable {
    enum Step: Equatable {
        /// The text to append.
        case more(String)
        /// The version doesn't start with the shown text, so all of it must be shown again.
        case other(String)
    }

    private var shown: [UInt8] = []

    /// Processes a version that may be followed by more. Trailing spaces are held back, because the whole text may end
    /// before them.
    mutating func grow(to version: String) -> Step {
        let text = Self.bytes(version, isWhole: false)
        // A version that arrived late has nothing new.
        if shown.starts(with: text) { return .more("") }
        return append(text)
    }

    /// Processes the whole text. The next version belongs to another text.
    mutating func finish(with whole: String) -> Step {
        defer { shown = [] }
        return append(Self.bytes(whole, isWhole: true))
    }

    private mutating func append(_ text: [UInt8]) -> Step {
        defer { shown = text }
        guard !shown.isEmpty, !text.starts(with: shown) else {
            return .more(String(decoding: text[shown.count...], as: UTF8.self))
        }
        return .other(String(decoding: text, as: UTF8.self))
    }

    /// The bytes to show: clean, and without surrounding spaces. A character that a version cuts in half is omitted.
    private static func bytes(_ text: String, isWhole: Bool) -> [UInt8] {
        let scalars = Text.prose(text).unicodeScalars
        let isSpace: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\t" }
        let rest = scalars.drop { $0 == "\n" }
        guard let end = rest.lastIndex(where: { !isSpace($0) && (isWhole || $0 != "\u{FFFD}") }) else { return [] }
        return Array(String(rest[...end]).utf8)
    }
}
