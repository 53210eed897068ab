/// The scripts that make shells ask a program for completions.
///
/// They know nothing of the commands: each runs `PROGRAM __complete -- WORD...` and reads ``CompletionPlan/text(ids:)``,
/// so they stay right when the program changes.
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
