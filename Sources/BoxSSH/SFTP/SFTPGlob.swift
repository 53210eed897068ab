import Glibc

extension SFTPClient {
    /// The sorted paths that a shell pattern matches. A path that exists literally matches only itself. A pattern
    /// without a match is a ``FileFailure``.
    func matches(_ pattern: BytePath) throws -> [BytePath] {
        guard Self.isPattern(pattern), try now({ stat(pattern, $0) }) == nil else { return [pattern] }
        var found: [BytePath] = pattern.first == 47 ? [[47]] : [[]]
        for component in pattern.split(separator: 47).map(BytePath.init) {
            guard Self.isPattern(component) else {
                found = found.map { $0.child(component) }
                continue
            }
            var next: [BytePath] = []
            for directory in found {
                // A path that isn't a directory or can't be read has no matches, as in a shell.
                guard let entries = try unlessRefused({ try now { list(directory.isEmpty ? [46] : directory, $0) } })
                else {
                    continue
                }
                let names = entries.map(\.name).filter { name in
                    !name.contains(47) && !name.contains(0)
                        && component.withCPath { pattern in name.withCPath { fnmatch(pattern, $0, FNM_PERIOD) } } == 0
                }
                next += names.sorted { $0.lexicographicallyPrecedes($1) }.map { directory.child($0) }
            }
            found = next
        }
        found = try found.filter { path in try unlessRefused { try now { stat(path, $0) } } ?? nil != nil }
        guard !found.isEmpty else { throw FileFailure(path: pattern, reason: "no such file or directory") }
        return found
    }

    private static func isPattern(_ path: BytePath) -> Bool { path.contains { $0 == 42 || $0 == 63 || $0 == 91 } }

    private func unlessRefused<T>(_ body: () throws -> T) throws -> T? {
        do {
            return try body()
        } catch is FileFailure {
            return nil
        }
    }
}
