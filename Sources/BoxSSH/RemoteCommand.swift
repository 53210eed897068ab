import BoxModel

/// How the words after `box ssh ID --` become one line for the remote shell.
public enum RemoteCommand {
    /// No words: nil (an interactive shell). One word: a shell line, as it is. Several: each is quoted for POSIX shells,
    /// so that the words' boundaries are the same on the other side.
    public static func line(words: [String]) -> String? {
        switch words.count {
        case 0: nil
        case 1: words[0]
        default: words.map(ShellWord.quoted).joined(separator: " ")
        }
    }
}
