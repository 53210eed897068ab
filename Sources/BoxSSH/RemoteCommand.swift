import BoxModel

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

    /// A line that exports variables first; nil stands for the login shell.
    static func exporting(_ variables: [(String, String)], before line: String?) throws(SSHError) -> String? {
        guard !variables.isEmpty else { return line }
        var exports = ""
        for (name, value) in variables {
            guard isName(name) else {
                throw SSHError(.invalidRequest, "\(displayText(name.utf8)) is no name of a variable")
            }
            exports += "export \(name)=\(quoted(value)); "
        }
        return exports + (line ?? "exec \"$SHELL\" -l")
    }

    /// Whether a shell takes it as a variable's name.
    public static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            default: false
            }
        }
    }

    static func quoted(_ word: String) -> String { ShellWord.quoted(word) }
}
