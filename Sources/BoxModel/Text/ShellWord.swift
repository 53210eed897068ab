/// Quotes words for POSIX shells.
public enum ShellWord {
    /// The text as one word that a POSIX shell reads unchanged. Plain words stay unquoted. The text must not contain
    /// NUL.
    public static func quoted(_ word: String) -> String {
        if !word.isEmpty, word.utf8.allSatisfy(plain.contains) { return word }
        // Inside single quotes everything but the quote itself is literal. It loops over scalars, because a combining
        // mark would hide a quote inside one Character.
        var text = "'"
        for scalar in word.unicodeScalars {
            if scalar == "'" { text += "'\\''" } else { text.unicodeScalars.append(scalar) }
        }
        return text + "'"
    }

    private static let plain = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_".utf8)
}
