import Testing

@testable import BoxCLI

/// A growing text: each piece is written once, at whatever point the versions were cut.
@Suite struct GrowingTextTests {
    @Test func everyPieceIsWrittenOnce() {
        var text = GrowingText()
        #expect(text.grow(to: "Hello") == .more("Hello"))
        #expect(text.grow(to: "Hello") == .more(""))
        #expect(text.grow(to: "Hello wor") == .more(" wor"))
        #expect(text.grow(to: "Hello") == .more(""))
        #expect(text.finish(with: "Hello world\n") == .more("ld"))
        #expect(text.grow(to: "Next") == .more("Next"))
    }

    @Test func aTextThatDoesNotGoOnIsWrittenAnew() {
        var text = GrowingText()
        _ = text.grow(to: "I will tst")
        #expect(text.grow(to: "I will test") == .other("I will test"))
        #expect(text.finish(with: "Done.") == .other("Done."))
        _ = text.grow(to: "longer than the end")
        #expect(text.finish(with: "longer") == .other("longer"))
    }

    @Test func spacesAtTheEndWait() {
        var text = GrowingText()
        #expect(text.grow(to: "\n\n  a \n\n") == .more("  a"))
        #expect(text.grow(to: "\n\n  a \n\nb\t") == .more(" \n\nb"))
        #expect(text.finish(with: "  a \n\nb") == .more(""))
        #expect(text.finish(with: " \n ") == .more(""))
    }

    @Test(arguments: [
        ["x\r", "x\r\ny"], ["e", "e\u{301}"], ["👩", "👩\u{200D}", "👩\u{200D}💻"], ["a\u{FFFD}", "a😀"],
        ["漢", "漢字"], ["a\u{1B}", "a\u{1B}[2J", "a\u{1B}[2Jb"], ["\t", "\tif x {\r\n\t\ty"],
    ])
    func versionsMayBeCutAnywhere(_ versions: [String]) {
        var text = GrowingText()
        var written = ""
        for version in versions {
            guard case .more(let piece) = text.grow(to: version) else {
                Issue.record("\(version) was taken for another text")
                return
            }
            written += piece
        }
        #expect(written == Text.prose(versions[versions.count - 1]))
        #expect(!written.contains("\u{1B}") && !written.unicodeScalars.contains("\r"))
    }
}

/// The position of a terminal's cursor.
@Suite struct TextCursorTests {
    private func cursor(_ pieces: String...) -> TextCursor {
        var cursor = TextCursor()
        for piece in pieces { cursor.append(piece) }
        return cursor
    }

    @Test func linesEnd() {
        #expect(cursor("a\n").isAtStart && cursor("a", "b\n").isAtStart && cursor().isAtStart)
        #expect(!cursor("a\nb").isAtStart && !cursor("a\n", " ").isAtStart)
    }

    @Test(arguments: [
        ("123456789", false), ("1234567890", true), ("12345678901", false), ("12345678901234567890", true),
        ("\t1", false), ("\t12", true), ("漢漢漢漢漢", true), ("1漢漢漢漢1", true), ("1漢漢漢漢漢", false),
        ("123456789漢", false), ("12345678✅", true),
    ])
    func edgesOfTenColumns(_ text: String, _ isAtEdge: Bool) {
        #expect(cursor(text).isAtEdge(width: 10) == isAtEdge)
    }
}
