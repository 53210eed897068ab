import BoxModel

/// Turns the words after `box ssh ID --` into one line for the remote shell.
public enum RemoteCommand {
    /// The line for `words`, or nil for no words (an interactive shell).
    ///
    /// One word is a shell line and stays as it is. Several words are each quoted for POSIX shells, so that the remote
    /// side sees the same words. rsync has already quoted them: it expects ssh(1), which joins words with blanks. It
    /// also leaves wildcards to the remote shell (rsync(1), --secluded-args).
    public static func line(words: [String]) -> String? {
        switch words.count {
        case 0: nil
        case 1: words[0]
        case _ where isOfRsync(words): words.joined(separator: " ")
        default: words.map(quoted).joined(separator: " ")
        }
    }

    /// Whether the words are `rsync --server …`. `--rsync-path` may have put other words before `rsync`.
    private static func isOfRsync(_ words: [String]) -> Bool {
        words[1] == "--server" && words[0].split { $0 == " " || $0 == "/" }.last == "rsync"
    }

    /// A line that exports variables first; a nil `line` stands for the login shell.
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

    /// Whether a shell accepts `text` as a variable name.
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
