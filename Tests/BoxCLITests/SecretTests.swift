import Glibc
import Testing

@testable import BoxCLI

/// The line that isn't echoed while it is typed.
@Suite struct SecretTests {
    private func type(_ keys: String) -> (text: String, last: SecretLine.Outcome) {
        var line = SecretLine()
        var last = SecretLine.Outcome.goesOn
        for byte in keys.utf8 where last == .goesOn { last = line.append(byte) }
        return (line.text, last)
    }

    @Test(arguments: [
        ("box_a\n", "box_a", SecretLine.Outcome.isWhole), ("box_a\r", "box_a", .isWhole),
        ("ab\u{7F}c\u{8}d\n", "ad", .isWhole), ("ü\u{7F}\u{7F}a\n", "a", .isWhole), ("xy\u{15}a\n", "a", .isWhole),
        ("a\u{3}", "a", .isInterrupted), ("\u{1C}", "", .isInterrupted), ("\u{4}", "", .hasEnded),
        ("a\u{1B}b", "ab", .goesOn),
    ])
    func keys(_ keys: String, _ text: String, _ last: SecretLine.Outcome) {
        let typed = type(keys)
        #expect(typed.text == text)
        #expect(typed.last == last)
    }
}
