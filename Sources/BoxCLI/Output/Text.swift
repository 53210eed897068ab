import BoxModel

/// Formats words and numbers for people.
enum Text {
    /// Replaces control characters, so that a name from a server can't control the terminal.
    static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { out.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
        return String(out)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        // The zero-width joiner joins emoji and is harmless.
        if scalar == "\u{200D}" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// The columns on a terminal: two for wide East Asian characters and emoji, none for combining marks.
    static func width(_ text: String) -> Int {
        text.reduce(0) { sum, character in
            guard let scalar = character.unicodeScalars.first else { return sum }
            let isEmoji = scalar.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}")
            return sum + (isWide(scalar) || isEmoji ? 2 : 1)
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// Truncates to so many columns, with `…` at the cut.
    static func truncate(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        var out = "", used = 0
        for character in text {
            let size = width(String(character))
            if used + size > columns - 1 { break }
            out.append(character)
            used += size
        }
        return columns > 0 ? out + "…" : ""
    }

    static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    /// A length of time in seconds, as `45s`, `12m`, `3h 20m` or `2d 4h`.
    static func duration(_ seconds: Int) -> String {
        switch max(0, seconds) {
        case let s where s < 60: return "\(s)s"
        case let s where s < 3600: return "\(s / 60)m"
        case let s where s < 86400: return s / 60 % 60 == 0 ? "\(s / 3600)h" : "\(s / 3600)h \(s / 60 % 60)m"
        case let s: return s / 3600 % 24 == 0 ? "\(s / 86400)d" : "\(s / 86400)d \(s / 3600 % 24)h"
        }
    }

    /// A time relative to now, as `3m ago` or `in 57m`.
    static func relative(_ moment: Timestamp, to now: Timestamp) -> String {
        let seconds = Int((moment.milliseconds - now.milliseconds) / 1000)
        if abs(seconds) < 2 { return "now" }
        return seconds < 0 ? "\(duration(-seconds)) ago" : "in \(duration(seconds))"
    }

    /// A measured time, as `0.34s`.
    static func elapsed(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let hundredths = Int(attoseconds / 10_000_000_000_000_000)
        if seconds >= 60 { return Self.duration(Int(seconds)) }
        return "\(seconds).\(hundredths < 10 ? "0" : "")\(hundredths)s"
    }

    /// A number with its noun, as `1 file` or `2 files`.
    static func count(_ number: Int, _ noun: String) -> String { count(number, noun, "\(noun)s") }

    static func count(_ number: Int, _ noun: String, _ plural: String) -> String {
        "\(number) \(number == 1 ? noun : plural)"
    }

    /// A number of times, as `once` or `2 times`.
    static func times(_ number: Int) -> String { number == 1 ? "once" : "\(number) times" }
}

extension Text {
    /// Applies ``clean(_:)`` to a text that may have several lines.
    static func cleanLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { clean(String($0)) }.joined(separator: "\n")
    }

    /// Cleans text that keeps its tabs and line ends, and turns every kind of line end into a line feed. The result for
    /// a prefix stays the same when more text follows.
    static func prose(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\r", "\n": out.append("\n")
            case "\t": out.append(scalar)
            default: out.append(isControl(scalar) ? "\u{FFFD}" : scalar)
            }
            previous = scalar
        }
        return String(out)
    }

    /// The first line that isn't blank, with ` …` when more follow.
    static func firstLine(_ text: String) -> String {
        let lines = prose(text).split(separator: "\n").filter { $0.contains { !$0.isWhitespace } }
        return (lines.first.map(String.init) ?? "") + (lines.count > 1 ? " …" : "")
    }
}

extension Text {
    /// A size as `512 B` or `1.5 MB`, in powers of 1000, as disks are sold.
    static func size(_ bytes: Int64) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        var tenths = bytes / 100, unit = 0
        while tenths >= 10_000, unit < 3 {
            tenths /= 1000
            unit += 1
        }
        return "\(tenths / 10).\(tenths % 10) \(["kB", "MB", "GB", "TB"][unit])"
    }
}
