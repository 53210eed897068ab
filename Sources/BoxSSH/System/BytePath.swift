/// A path as the file system has it: bytes without NUL, not necessarily UTF-8.
typealias BytePath = [UInt8]

extension BytePath {
    init(_ text: String) { self = Array(text.utf8) }

    /// This path and one more component.
    func child(_ name: some Sequence<UInt8>) -> BytePath {
        (last == 47 || isEmpty ? self : self + [47]) + name
    }

    var hasTrailingSlash: Bool { last == 47 }

    var withoutTrailingSlashes: BytePath {
        var path = self
        while path.count > 1, path.last == 47 { path.removeLast() }
        return path
    }

    /// The last component: empty for `/`.
    var name: BytePath {
        let path = withoutTrailingSlashes
        return BytePath(path[((path.lastIndex(of: 47) ?? -1) + 1)...])
    }

    /// What stands before the last component, as a directory to put a sibling in; empty for a bare name.
    var parent: BytePath {
        let path = withoutTrailingSlashes
        guard let slash = path.lastIndex(of: 47) else { return [] }
        return BytePath(path[...slash])
    }

    /// A name beside this file that doesn't look like a finished copy.
    var temporarySibling: BytePath {
        parent + temporaryPrefix + Array(String(UInt32.random(in: 0 ... .max), radix: 36).utf8)
    }

    /// What the names of all its temporary siblings begin with.
    var temporaryPrefix: BytePath {
        // File names have 255 bytes at most.
        Array(".".utf8) + name.prefix(200) + Array(".box-part-".utf8)
    }

    /// `..` would lead out of the target, so it counts as `.`, as for scp.
    var isDots: Bool { name.isEmpty || name == [46] || name == [46, 46] }

    func withCPath<T>(_ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
        try (self + [0]).withUnsafeBytes { try body($0.assumingMemoryBound(to: CChar.self).baseAddress!) }
    }
}

extension StringProtocol {
    /// For paths in messages.
    var shown: String { displayText(utf8) }
}

/// Why one file wasn't copied; the others go on.
struct FileFailure: Error {
    let path: BytePath
    let reason: String
    /// What was asked for isn't allowed here; something else may be.
    var isDenied = false
}
