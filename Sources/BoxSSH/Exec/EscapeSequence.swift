/// OpenSSH's escape sequences at the start of a line: `~.` ends the session, and `~~` is one `~`.
struct EscapeSequence {
    private enum Position { case lineStart, afterTilde, inLine }
    private var position = Position.lineStart

    /// The bytes of `typed` to send, and whether `~.` was among them. Anything after `~.` is dropped.
    mutating func filter(_ typed: some Sequence<UInt8>) -> (bytes: [UInt8], ends: Bool) {
        var out: [UInt8] = []
        for byte in typed {
            switch (position, byte) {
            case (.afterTilde, UInt8(ascii: ".")):
                return (out, true)
            case (.lineStart, UInt8(ascii: "~")):
                position = .afterTilde
                continue
            case (.afterTilde, UInt8(ascii: "~")):
                break
            case (.afterTilde, _):
                out.append(UInt8(ascii: "~"))
            default:
                break
            }
            out.append(byte)
            position = byte == 13 || byte == 10 ? .lineStart : .inLine
        }
        return (out, false)
    }
}
