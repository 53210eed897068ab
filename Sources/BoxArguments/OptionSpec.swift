/// The valid values of an option or positional. It determines validation, help and completion.
public enum ValueKind: Sendable, Equatable {
    case text
    /// A whole number. The unit is a plural noun, such as `seconds`.
    case integer(minimum: Int, maximum: Int? = nil, unit: String? = nil)
    /// Exactly one of these words.
    case choice([String])
    /// Any text. Completion offers these words; the command checks the value.
    case suggestion([String])
    /// One or more of these words, separated by commas.
    case list([String])
    /// `NAME=VALUE`.
    case pair
    case file
    case boxID
    /// A local file, or one in a box as `ID:PATH`.
    case remotePath

    /// - Returns: the text that follows the quoted value in an error; nil for a valid value.
    func problem(with text: String) -> String? {
        guard let use = use(insteadOf: text) else { return nil }
        let near = nearest(to: text).map { "; did you mean \"\($0)\"? Use " } ?? ". Use "
        return near + use
    }

    /// The valid form, when the text isn't a valid value.
    private func use(insteadOf text: String) -> String? {
        switch self {
        case .text, .suggestion, .file, .boxID, .remotePath:
            return nil
        case .integer(let minimum, let maximum, let unit):
            if let value = Int(text), value >= minimum, value <= maximum ?? .max { return nil }
            let noun = unit.map { "a whole number of \($0)" } ?? "a whole number"
            return maximum.map { "\(noun) from \(minimum) to \($0)" } ?? "\(noun), \(minimum) or more"
        case .choice(let words):
            return words.contains(text) ? nil : English.list(words, "or")
        case .list(let words):
            return Self.items(of: text).allSatisfy(words.contains)
                ? nil : "one or more of \(words.joined(separator: ",")), separated by commas"
        case .pair:
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return "NAME=VALUE" }
            return nil
        }
    }

    /// `a, b or c`, when exactly those words are valid.
    var choices: String? {
        if case .choice(let words) = self { English.list(words, "or") } else { nil }
    }

    /// The valid word that was probably intended.
    private func nearest(to text: String) -> String? {
        switch self {
        case .choice(let words): Suggestion.nearest(to: text, among: words)
        case .list(let words):
            Self.items(of: text).first { !words.contains($0) }.flatMap { Suggestion.nearest(to: $0, among: words) }
        case .text, .suggestion, .file, .boxID, .remotePath, .integer, .pair: nil
        }
    }

    /// The items between the commas.
    static func items(of list: String) -> [String] {
        list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

/// A flag (`--json`) or an option with a value (`--ttl SECONDS`).
public struct OptionSpec: Sendable, Equatable {
    /// The name without its dashes.
    public var name: String
    public var short: Character?
    /// The placeholder for the value in help; nil for a flag.
    public var placeholder: String?
    public var kind: ValueKind
    public var help: String
    /// Whether it may be given several times, with each value kept.
    public var repeats: Bool
    public var isHidden: Bool

    /// A flag.
    public static func flag(
        _ name: String, short: Character? = nil, _ help: String, isHidden: Bool = false
    ) -> OptionSpec {
        OptionSpec(
            name: name, short: short, placeholder: nil, kind: .text, help: help, repeats: true, isHidden: isHidden)
    }

    /// An option with a value.
    public static func value(
        _ name: String, short: Character? = nil, _ placeholder: String, _ help: String, kind: ValueKind = .text,
        repeats: Bool = false, isHidden: Bool = false
    ) -> OptionSpec {
        OptionSpec(
            name: name, short: short, placeholder: placeholder, kind: kind, help: help, repeats: repeats,
            isHidden: isHidden)
    }

    public var isFlag: Bool { placeholder == nil }
    var long: String { "--\(name)" }
    /// The form in a usage line, such as `--ttl SECONDS`.
    var usage: String { placeholder.map { "--\(name) \($0)" } ?? "--\(name)" }
}

/// Joins words for messages.
public enum English {
    /// A list as `a`, `a or b` or `a, b or c`.
    public static func list(_ words: [String], _ conjunction: String) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }
}
