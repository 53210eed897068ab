/// The error for an invalid command line. It is printed on stderr, and the exit status is 2.
public struct UsageError: Error, Equatable, CustomStringConvertible {
    /// What is wrong and what is valid, without the next step.
    public let message: String
    /// The command to read help about, from the program's name on.
    public let command: [String]

    public init(_ message: String, command: [String]) {
        self.message = message
        self.command = command
    }

    /// The message and its next step: ``unknown option "--tll" for `box new`; did you mean "--ttl"? run `box new --help` ``.
    public var description: String {
        let separator = message.hasSuffix("?") ? "" : ";"
        return "\(message)\(separator) run `\(command.joined(separator: " ")) --help`"
    }
}

/// Finds the word that was probably intended.
enum Suggestion {
    /// The nearest candidate if it is near enough to be a typing error; otherwise nil.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        // A longer word is no typing error, and the time for the distance grows with the square of the length.
        guard word.utf8.count <= 100 else { return nil }
        let allowed = max(1, word.count / 3)
        let ranked = candidates.map { (candidate: $0, distance: distance(word, $0)) }
        if let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= allowed { return best.candidate }
        let longer = candidates.filter { word.count >= 2 && $0.hasPrefix(word) }
        return longer.count == 1 ? longer.first : nil
    }

    /// The number of insertions, deletions, substitutions and swaps of neighbours between two words.
    static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.lowercased()), b = Array(right.lowercased())
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
