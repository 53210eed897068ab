/// What may stand in the place of the last word of an unfinished command line.
public struct CompletionPlan: Sendable, Equatable {
    /// A whole word, and what it means where that isn't obvious.
    public struct Candidate: Sendable, Equatable {
        public var word: String
        public var note: String

        public init(_ word: String, _ note: String = "") {
            self.word = word
            self.note = note
        }
    }

    /// Ids of boxes, which only a server knows.
    public struct Boxes: Sendable, Equatable {
        /// What stands before the id in the word, such as `--box=`.
        public var lead: String
        /// What has been typed of the id.
        public var prefix: String
        /// What follows the id in the same word, such as the colon of `ID:PATH`.
        public var suffix: String
        /// Ids that the line has already.
        public var taken: [String]
        /// The values of the line's options, empty for flags, so that the same server is asked in the same way.
        public var options: [String: String]
    }

    /// What the shell completes by itself.
    public enum ShellPart: Sendable, Equatable {
        /// A path, after what stands before it in the word, such as `--key=`.
        case files(lead: String)
        /// A command line of its own, from that word on, counted from zero.
        case command(at: Int)
    }

    public var candidates: [Candidate] = []
    public var boxes: Boxes?
    public var shell: ShellPart?

    /// For the shells' scripts: `WORD<tab>NOTE` for each candidate, and a line with a colon first for the shell's own part.
    ///
    /// - Parameter ids: what the server said to ``boxes``.
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
