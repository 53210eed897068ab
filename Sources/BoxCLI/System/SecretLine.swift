/// A line that is typed on a terminal in raw mode, which edits nothing itself.
struct SecretLine {
    /// The result of one key.
    enum Outcome: Equatable { case goesOn, isWhole, hasEnded, isInterrupted }

    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Processes one key. The usual editing keys work.
    mutating func append(_ byte: UInt8) -> Outcome {
        switch byte {
        case 0x03, 0x1C: return .isInterrupted  // Ctrl-C, Ctrl-\
        case 0x0A, 0x0D: return .isWhole
        case 0x04: return .hasEnded  // Ctrl-D
        case 0x08, 0x7F: erase()
        case 0x15: bytes = []  // Ctrl-U
        case 0x00..<0x20: break
        default: bytes.append(byte)
        }
        return .goesOn
    }

    /// Removes the last character with all of its bytes.
    private mutating func erase() {
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
    }
}
