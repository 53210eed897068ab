/// The scripts that make shells request completions from a program.
///
/// They contain no commands: each runs `PROGRAM __complete -- WORD...` and reads ``CompletionPlan/text(ids:)``. So they
/// stay correct when the program changes.
public enum CompletionScript: String, Sendable, CaseIterable {
    case bash, zsh, fish

    /// The hidden command that the scripts run.
    public static let command = "__complete"

    /// - Parameter program: a name of letters, digits and `_`.
    public func text(program: String) -> String {
        let template =
            switch self {
            case .bash: Self.bashTemplate
            case .zsh: Self.zshTemplate
            case .fish: Self.fishTemplate
            }
        return template.split(separator: "PROGRAM", omittingEmptySubsequences: false).joined(separator: program)
    }
}
