/// A text that comes in versions, each with more of it, as far as it is shown. What is shown can't be taken back.
struct GrowingText: Sendable, Equatable {
    enum Step: Equatable {
        /// What has to be added.
        case more(String)
        /// It doesn't go on from what is shown: all of it has to be shown anew.
        case other(String)
    }

    private var shown: [UInt8] = []

    /// Takes a version that more may follow. Spaces at its end wait, because the whole text may end before them.
    mutating func grow(to version: String) -> Step {
        let text = Self.bytes(version, isWhole: false)
        // One that came late has nothing new.
        if shown.starts(with: text) { return .more("") }
        return take(text)
    }

    /// Takes the whole text. The next version is another text's.
    mutating func finish(with whole: String) -> Step {
        defer { shown = [] }
        return take(Self.bytes(whole, isWhole: true))
    }

    private mutating func take(_ text: [UInt8]) -> Step {
        defer { shown = text }
        guard !shown.isEmpty, !text.starts(with: shown) else {
            return .more(String(decoding: text[shown.count...], as: UTF8.self))
        }
        return .other(String(decoding: text, as: UTF8.self))
    }

    /// As it is shown: clean, and without spaces around it. A character that a version cuts in half isn't there yet.
    private static func bytes(_ text: String, isWhole: Bool) -> [UInt8] {
        let scalars = Text.prose(text).unicodeScalars
        let isSpace: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\t" }
        let rest = scalars.drop { $0 == "\n" }
        guard let end = rest.lastIndex(where: { !isSpace($0) && (isWhole || $0 != "\u{FFFD}") }) else { return [] }
        return Array(String(rest[...end]).utf8)
    }
}
