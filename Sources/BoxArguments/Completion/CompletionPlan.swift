/// The completions for the last word of an unfinished command line.
public struct CompletionPlan: Sendable, Equatable {
    /// A complete word, and its description where that isn't obvious.
    public struct Candidate: Sendable, Equatable {
        public var word: String
        public var note: String

        public init(_ word: String, _ note: String = "") {
            self.word = word
            self.note = note
        }
    }

    /// A request for ids of boxes, which must come from a server.
    public struct Boxes: Sendable, Equatable {
        /// The part of the word before the id, such as `--box=`.
        public var lead: String
        /// The typed part of the id.
        public var prefix: String
        /// The part of the word after the id, such as the colon of `ID:PATH`.
        public var suffix: String
        /// Ids that the line already has.
        public var taken: [String]
        /// The values of the line's options, empty for flags, so that the same server is queried in the same way.
        public var options: [String: String]
    }

    /// What the shell itself completes.
    public enum ShellPart: Sendable, Equatable {
        /// A path. `lead` is the part of the word before it, such as `--key=`.
        case files(lead: String)
        /// Another command line, which starts at that word, counted from zero.
        case command(at: Int)
    }

    public var candidates: [Candidate] = []
    public var boxes: Boxes?
    public var shell: ShellPart?

    /// The output for the shells' scripts: `WORD<tab>NOTE` for each candidate. The shell's own part is a line that
    /// starts with a colon.
    ///
    /// - Parameter ids: the server's answer to ``boxes``.
    public func text(ids: [Candidate] = []) -> String {
        let words = candidates + ids
        let lines = words.map { $0.note.isEmpty ? $0.word : "\($0.word)\t\($0.note)" }
        let directive: [String] =
            switch shell {
            case .files(let lead): [":files\t\(lead)"]
            case .command(let index): [":command\t\(index)"]
            case nil: []
            }
        return (lines + directive).map { $0 + "\n" }.joined()
    }
}
