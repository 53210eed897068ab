/// The parts of the manual besides the commands, for every form of it.
public struct Manual: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public var term: String
        public var text: String

        public init(_ term: String, _ text: String) {
            self.term = term
            self.text = text
        }
    }

    public var version: String
    /// Paragraphs, separated by empty lines.
    public var description: String
    public var exitStatuses: [Row]
    public var environment: [Row]
    public var files: [Row]
    /// Names of manual pages, such as `ssh(1)`.
    public var seeAlso: [String]

    public init(
        version: String, description: String, exitStatuses: [Row], environment: [Row], files: [Row], seeAlso: [String]
    ) {
        self.version = version
        self.description = description
        self.exitStatuses = exitStatuses
        self.environment = environment
        self.files = files
        self.seeAlso = seeAlso
    }

    var paragraphs: [String] { description.split(separator: "\n\n").map(String.init) }
    /// The final lists, with their titles.
    var lists: [(title: String, rows: [Row])] {
        [("Exit status", exitStatuses), ("Environment", environment), ("Files", files)].filter { !$0.1.isEmpty }
    }
}
