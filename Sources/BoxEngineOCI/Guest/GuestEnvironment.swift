import BoxModel

/// The box's variables and secrets, in the forms for its logins and shells. See
/// Docs/Decisions/0022-variables-of-logins.md.
enum GuestEnvironment {
    /// Marks a session that has the variables, so that nested shells keep what the user changed since.
    private static let guardName = "BOX_ENVIRONMENT"

    /// The variables that PAM sets for a login, for `Guest/pam_box.c`. Entries end with NUL, and later ones override
    /// earlier ones.
    static func entries(_ environment: [(name: String, value: String)]) -> String {
        let variables = environment.filter { !bashOptions.contains($0.name) }
        let all = [("LANG", "C.UTF-8"), ("PATH", Image.userPath)] + variables + [(guardName, "1")]
        return all.map { "\($0.0)=\($0.1)\0" }.joined()
    }

    /// The script that every login shell reads, and every bash that sshd starts. It takes effect only in the first
    /// shell of a session.
    static func script(_ environment: [(name: String, value: String)]) -> String {
        let exports = environment.filter { !shellsOwn.contains($0.name) }
            .map { "    export \($0.name)=\(ShellWord.quoted($0.value))\n" }.joined()
        return "if [ -z \"${\(guardName):-}\" ]; then\n    export \(guardName)=1\n\(exports)fi\n"
    }

    /// bash sets its options from these, such as one to print every line that it reads.
    private static let bashOptions: Set<String> = ["BASHOPTS", "SHELLOPTS"]

    /// Variables that bash or zsh reserve. Setting them is an error or, in zsh, changes the user that runs the shell.
    private static let shellsOwn = bashOptions.union([
        "BASH_VERSINFO", "EGID", "EUID", "GID", "GROUPS", "PPID", "UID", "USERNAME",
    ])
}
