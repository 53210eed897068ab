import BoxModel

/// The box's variables and secrets, as its logins and shells get them. See Docs/Decisions/0022-variables-of-logins.md.
enum GuestEnvironment {
    /// Says that a session has the variables, so that nested shells keep what a person changed since.
    private static let guardName = "BOX_ENVIRONMENT"

    /// What PAM gives a login, for `Guest/pam_box.c`: entries that end with NUL, later ones counting more than earlier ones.
    static func entries(_ environment: [(name: String, value: String)]) -> String {
        let variables = environment.filter { !bashOptions.contains($0.name) }
        let all = [("LANG", "C.UTF-8"), ("PATH", Image.userPath)] + variables + [(guardName, "1")]
        return all.map { "\($0.0)=\($0.1)\0" }.joined()
    }

    /// Read by every login shell, and by every bash that sshd starts. Only the first one of a session takes it.
    static func script(_ environment: [(name: String, value: String)]) -> String {
        let exports = environment.filter { !shellsOwn.contains($0.name) }
            .map { "    export \($0.name)=\(ShellWord.quoted($0.value))\n" }.joined()
        return "if [ -z \"${\(guardName):-}\" ]; then\n    export \(guardName)=1\n\(exports)fi\n"
    }

    /// With these a bash that finds them sets its options, such as to say every line that it reads.
    private static let bashOptions: Set<String> = ["BASHOPTS", "SHELLOPTS"]

    /// Variables that bash or zsh keep for themselves: to set them is an error, or, in zsh, changes who runs.
    private static let shellsOwn = bashOptions.union([
        "BASH_VERSINFO", "EGID", "EUID", "GID", "GROUPS", "PPID", "UID", "USERNAME",
    ])
}
