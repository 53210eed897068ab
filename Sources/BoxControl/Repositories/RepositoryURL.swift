import Glibc

/// The rules of a repository's name: `owner/name`, each part fit for a directory.
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

    /// A name made of the end of a URL or path: `/srv/git/tools.git` is `git/tools`.
    static func guess(from url: String) -> String? {
        var text = url[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        if text.hasSuffix(".git") { text = text.dropLast(4) }
        let parts = text.split(whereSeparator: { $0 == "/" || $0 == ":" }).suffix(2)
        let name = parts.count == 2 ? parts.joined(separator: "/") : "local/\(parts.joined())"
        return isValid(name) ? name : nil
    }
}

/// The rules of where a repository can be: a URL that git clones inside a box, or a path on this host.
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
        // git@host:path, as git's own documentation calls it: scp-like.
        guard let at = url.firstIndex(of: "@"), let colon = url.firstIndex(of: ":") else { return false }
        return at < colon && !url.hasPrefix("-") && !url[..<colon].contains("/") && !url[at...].hasPrefix("@-")
    }

    /// Whether it has a password or token in it, which would end up in boxes and lists. A name is needed for ssh only.
    static func hasCredentials(_ url: String) -> Bool {
        guard let scheme = schemes.first(where: { url.hasPrefix($0) }) else { return false }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
        return authority.contains("@") && (scheme != "ssh://" || authority.prefix { $0 != "@" }.contains(":"))
    }

    /// The path without links, or nil when there is nothing.
    static func resolved(path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The owner of a repository on this host, or nil when there is none at the path, or a link is on the way: whoever made that could
    /// choose whose rights git gets.
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
