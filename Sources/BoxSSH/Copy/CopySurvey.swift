internal import CSSH2
import Glibc

/// Estimates how many bytes a copy has to move, for its progress display. Files may change, and some can't be read.
enum CopySurvey {
    /// The longest time that a survey may delay the copy.
    private static let seconds = 1

    /// The size of local files, and of directories with everything in them. Nil when the count takes too long.
    static func bytes(of sources: [BytePath], recursive: Bool) -> Int64? {
        let deadline = monotonicSeconds() + Double(seconds)
        var total: Int64 = 0
        var waiting = sources.map { (path: $0, inside: [CopyJob.DirectoryID]()) }
        while let (path, inside) = waiting.popLast() {
            guard monotonicSeconds() < deadline else { return nil }
            guard let status = try? LocalFile.status(path) else { continue }
            let id = (status.device, status.inode)
            if status.isRegular {
                total += status.allocated
            } else if status.isDirectory, recursive, !inside.contains(where: { $0 == id }) {
                for name in (try? LocalFile.list(path)) ?? [] { waiting.append((path.child(name), inside + [id])) }
            }
        }
        return total
    }

    /// A command that prints the total size of the files at the absolute `paths`. Nil when the command would be too
    /// long.
    static func command(_ paths: [String], recursive: Bool) -> String? {
        let directories = paths.map(RemoteCommand.quoted).joined(separator: " ")
        guard directories.utf8.count < 100_000 else { return nil }
        let depth = recursive ? "" : " -maxdepth 0"
        return "{ timeout \(seconds) find -L \(directories)\(depth) -type f -printf '%s\\n' 2>/dev/null || echo x; } | "
            + "awk '/x/ { exit 1 } { sum += $1 } END { printf \"%.0f\", sum }'"
    }
}

extension SFTPClient {
    /// The total size that the box's `find` reports. Nil when the box has no `find`, or when it takes too long or finds
    /// something unreadable.
    func bytes(of sources: [BytePath], recursive: Bool) throws -> Int64? {
        // A command may start in another directory than SFTP does, so the paths must be absolute.
        let home = sources.allSatisfy { $0.first == 47 } ? [] : try now { realPath([46], $0) }
        let paths = sources.compactMap { String(validating: $0.first == 47 ? $0 : home.child($0), as: UTF8.self) }
        guard paths.count == sources.count, paths.allSatisfy({ $0.hasPrefix("/") }),
            let command = CopySurvey.command(paths, recursive: recursive)
        else { return nil }
        return try connection.output(of: command, limit: 20).flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }
}

extension SSHConnection {
    /// The first `limit` bytes that a command prints, when it succeeds.
    ///
    /// The command must not print more than a pipe holds, because nothing reads the pipe until it ends.
    func output(of command: String, limit: Int) throws -> [UInt8]? {
        var ends: [Int32] = [-1, -1]
        guard box_pipe(&ends) == 0 else { throw SSHError(.localFailure(errno: errno), "no pipe: \(errorText(errno))") }
        defer { for end in ends { Glibc.close(end) } }
        guard try run(command: command, stdin: -1, stdout: ends[1], stderr: -1) == .code(0) else { return nil }
        var output = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(ends[0], &output, limit)
        return count < 0 ? nil : Array(output[..<count])
    }
}
