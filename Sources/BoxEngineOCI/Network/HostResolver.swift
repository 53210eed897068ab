import CLinux
import Glibc

/// The host's current name servers from its files, and whether the files have changed.
struct HostResolver: Sendable {
    static let paths = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

    /// Programs that don't rename a new file into place leave none, or an empty one, for a moment. A state that lasts
    /// for more reads than this counts.
    private static let mostEmptyReads = 5

    private var seen: [String] = []
    private var emptyReads = 0

    /// Reads the current configuration.
    static func read() -> ResolverConfiguration {
        let texts = paths.map { HostFiles.read($0) ?? "" }
        return ResolverConfiguration(texts[0], upstreams: texts[1])
    }

    /// - Returns: the configuration on the first call and when a file has changed since the last call; nil otherwise.
    mutating func readIfChanged() -> ResolverConfiguration? {
        let now = Self.paths.map(Self.identity)
        guard now != seen else { return nil }
        let resolver = Self.read()
        if resolver.nameServers.isEmpty, resolver.unusable.isEmpty, !seen.isEmpty, emptyReads < Self.mostEmptyReads {
            emptyReads += 1
            return nil
        }
        emptyReads = 0
        seen = now
        return resolver
    }

    /// Identifies a version of the file that a path leads to. Empty when there is none.
    private static func identity(_ path: String) -> String {
        var found = stat()
        guard stat(path, &found) == 0 else { return "" }
        return "\(found.st_dev) \(found.st_ino) \(found.st_size) \(found.st_mtim.tv_sec) \(found.st_mtim.tv_nsec)"
    }
}
