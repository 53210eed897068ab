/// A path as the file system has it: bytes without NUL, not necessarily UTF-8.
typealias BytePath = [UInt8]

extension BytePath {
    init(_ text: String) { self = Array(text.utf8) }

    /// This path with one more component.
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

    /// The path before the last component, to put a sibling in. It is empty for a bare name.
    var parent: BytePath {
        let path = withoutTrailingSlashes
        guard let slash = path.lastIndex(of: 47) else { return [] }
        return BytePath(path[...slash])
    }

    /// A temporary name in the same directory, which can't be mistaken for a finished copy.
    var temporarySibling: BytePath {
        parent + temporaryPrefix + Array(String(UInt32.random(in: 0 ... .max), radix: 36).utf8)
    }

    /// The prefix of all its temporary siblings' names.
    var temporaryPrefix: BytePath {
        // File names have at most 255 bytes.
        Array(".".utf8) + name.prefix(200) + Array(".box-part-".utf8)
    }

    /// Whether it names a directory's contents. `..` would lead out of the target, so it counts as `.`, as for scp.
    var isDots: Bool { name.isEmpty || name == [46] || name == [46, 46] }

    func withCPath<T>(_ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
        try (self + [0]).withUnsafeBytes { try body($0.assumingMemoryBound(to: CChar.self).baseAddress!) }
    }
}

extension StringProtocol {
    /// The path in a form for messages.
    var shown: String { displayText(utf8) }
}

/// Why one file wasn't copied. The others are still copied.
struct FileFailure: Error {
    let path: BytePath
    let reason: String
    /// The operation isn't permitted here; a different one may be.
    var isDenied = false
}
