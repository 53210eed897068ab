/// How the words after `box ssh ID --` become one line for the remote shell.
public enum RemoteCommand {
    /// No words: nil (an interactive shell). One word: a shell line, as it is. Several: each is quoted for POSIX shells,
    /// so that the words' boundaries are the same on the other side.
    public static func line(words: [String]) -> String? {
        switch words.count {
        case 0: nil
        case 1: words[0]
        default: words.map(quoted).joined(separator: " ")
        }
    }

    /// One word for a POSIX shell; plain words stay readable.
    public static func quoted(_ word: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_".utf8)
        if !word.isEmpty, word.utf8.allSatisfy(plain.contains) { return word }
        // Inside single quotes everything is literal but the quote itself. By scalars, because a combining mark would
        // hide a quote inside one Character.
        var text = "'"
        for scalar in word.unicodeScalars {
            if scalar == "'" { text += "'\\''" } else { text.unicodeScalars.append(scalar) }
        }
        return text + "'"
    }
}
