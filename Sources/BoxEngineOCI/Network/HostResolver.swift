import CLinux
import Glibc

/// The host's name servers as its files have them now, and whether these changed.
struct HostResolver: Sendable {
    static let paths = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

    /// Programs that don't rename a new file into place leave none, or an empty one, for a moment. What lasts longer than this many looks counts.
    private static let patience = 5

    private var seen: [String] = []
    private var looksInVain = 0

    /// The configuration as it is now.
    static func read() -> ResolverConfiguration {
        let texts = paths.map { HostFiles.read($0) ?? "" }
        return ResolverConfiguration(texts[0], upstreams: texts[1])
    }

    /// - Returns: the configuration when a file changed since the last call, or with the first one; nil otherwise.
    mutating func readIfChanged() -> ResolverConfiguration? {
        let now = Self.paths.map(Self.identity)
        guard now != seen else { return nil }
        let resolver = Self.read()
        if resolver.nameServers.isEmpty, resolver.unusable.isEmpty, !seen.isEmpty, looksInVain < Self.patience {
            looksInVain += 1
            return nil
        }
        looksInVain = 0
        seen = now
        return resolver
    }

    /// What tells one version of a file from another, through all links to it. Empty when there is none.
    private static func identity(_ path: String) -> String {
        var found = stat()
        guard stat(path, &found) == 0 else { return "" }
        return "\(found.st_dev) \(found.st_ino) \(found.st_size) \(found.st_mtim.tv_sec) \(found.st_mtim.tv_nsec)"
    }
}
