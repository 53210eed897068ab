import Glibc

/// Finds programs of this host.
public enum HostPrograms {
    /// The program's path. The system's directories come first, so that nothing in root's own PATH can replace them.
    public static func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"] + path.split(separator: ":").map(String.init)
        return directories.lazy.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
