import Glibc

/// Validates a repository's name: `owner/name`, each part valid as a directory name.
enum RepositoryName {
    static func isValid(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                (1...100).contains(part.utf8.count) && !part.hasPrefix(".") && !part.hasPrefix("-")
                    && part.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                            || [0x2D, 0x2E, 0x5F].contains($0)
                    }
            }
    }

    /// Derives a name from the end of a URL or path: `/srv/git/tools.git` gives `git/tools`.
    static func guess(from url: String) -> String? {
        var text = url[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        if text.hasSuffix(".git") { text = text.dropLast(4) }
        let parts = text.split(whereSeparator: { $0 == "/" || $0 == ":" }).suffix(2)
        let name = parts.count == 2 ? parts.joined(separator: "/") : "local/\(parts.joined())"
        return isValid(name) ? name : nil
    }
}

/// Validates a repository's location: a URL that git can clone inside a box, or a path on this host.
enum RepositoryURL {
    private static let schemes = ["https://", "http://", "ssh://", "git://"]

    static func isRemote(_ url: String) -> Bool {
        guard url.utf8.count <= 2000, url.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            return false
        }
        if let scheme = schemes.first(where: { url.hasPrefix($0) }) {
            let host = url.dropFirst(scheme.count)
            return !host.isEmpty && !host.hasPrefix("/") && !host.hasPrefix("-") && !host.contains("@-")
        }
        // git@host:path, which git's documentation calls scp-like.
        guard let at = url.firstIndex(of: "@"), let colon = url.firstIndex(of: ":") else { return false }
        return at < colon && !url.hasPrefix("-") && !url[..<colon].contains("/") && !url[at...].hasPrefix("@-")
    }

    /// Whether the URL contains a password or token, which would appear in boxes and lists. A user name alone is
    /// allowed, but only for ssh.
    static func hasCredentials(_ url: String) -> Bool {
        guard let scheme = schemes.first(where: { url.hasPrefix($0) }) else { return false }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
        return authority.contains("@") && (scheme != "ssh://" || authority.prefix { $0 != "@" }.contains(":"))
    }

    /// The path with symbolic links resolved, or nil when nothing exists there.
    static func resolved(path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The owner of a repository on this host. Nil when there is none at the path, or when the path contains a symbolic
    /// link. The link's creator could choose the user as whom git runs.
    static func owner(ofPath path: String) -> (id: uid_t, group: gid_t)? {
        var status = stat()
        guard resolved(path: path) == path else { return nil }
        for candidate in ["\(path)/.git", path] where access("\(candidate)/HEAD", F_OK) == 0 {
            guard lstat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
            return (status.st_uid, status.st_gid)
        }
        return nil
    }
}
