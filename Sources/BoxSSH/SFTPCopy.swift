internal import CSSH2
import Glibc

/// One file or folder that wasn't copied.
public struct CopyFailure: Sendable, Hashable {
    /// For people: control characters are escaped, invalid UTF-8 is replaced.
    public let path: String
    public let reason: String
}

/// What a copy did. It succeeded when there are no failures.
public struct CopyReport: Sendable, Equatable {
    /// Files that arrived whole; folders don't count.
    public var files = 0
    /// Their bytes, and those of files that failed half-way.
    public var bytes: Int64 = 0
    public var failures: [CopyFailure] = []
}

/// Where a copy stands; sent after every piece, so the receiver decides how often to show it.
public struct CopyProgress: Sendable {
    /// The file at work, for people.
    public let path: String
    public let fileBytes: Int64
    /// What the source says its size is; some files grow, and /proc's say 0.
    public let fileSize: Int64
    public let files: Int
    public let bytes: Int64
}

/// Copies files and folders as scp does, over SFTP.
///
/// - A target that is a folder takes the sources into it, any other is the copy's own name; several sources need
///   a folder, and so does a trailing slash. Remote paths are relative to the login folder; `~` isn't expanded; in
///   sources to download, `*`, `?` and `[…]` match names as in a shell.
/// - New files get the source's permission bits as far as the receiving side's umask allows, existing ones keep theirs.
/// - A file has another name (`.NAME.box-part-…`) until it is whole, so a cut copy is never taken for a finished one.
///   An existing file is replaced then, not written into; devices and pipes are written into.
/// - Symbolic links are followed; ones that lead back to a folder above are failures, as are sockets, pipes and devices.
///
/// One file's failure is collected and the rest goes on. What is thrown, always an ``SSHError``, ended the whole copy.
public struct SFTPCopy {
    private let connection: SSHConnection
    /// Folders with everything in them.
    public var recursive: Bool
    /// Keep modification and access times, and the permission bits whatever the umask.
    public var preserveTimes: Bool
    public var progress: (CopyProgress) -> Void

    public init(
        connection: SSHConnection, recursive: Bool = false, preserveTimes: Bool = false,
        progress: @escaping (CopyProgress) -> Void = { _ in }
    ) {
        self.connection = connection
        self.recursive = recursive
        self.preserveTimes = preserveTimes
        self.progress = progress
    }

    /// From here to the box.
    public func upload(_ sources: [String], to target: String) throws(SSHError) -> CopyReport {
        try work { try $0.upload(sources.map { BytePath($0) }, to: BytePath(target.isEmpty ? "." : target)) }
    }

    /// From the box to here.
    public func download(_ sources: [String], to target: String) throws(SSHError) -> CopyReport {
        try work {
            try $0.download(
                sources.map { BytePath($0.isEmpty ? "." : $0) }, to: BytePath(target.isEmpty ? "." : target))
        }
    }

    private func work(_ body: (CopyJob) throws -> Void) throws(SSHError) -> CopyReport {
        connection.interruptions = SignalWatch()
        defer { connection.interruptions = nil }
        do {
            let job = CopyJob(
                sftp: try SFTPClient(connection), recursive: recursive, preserveTimes: preserveTimes, progress: progress
            )
            try body(job)
            return job.report
        } catch let error as SSHError {
            throw error
        } catch {
            throw SSHError(.protocolFailure(code: -31), "the copy failed: \(error)")
        }
    }
}

/// One call's state.
final class CopyJob {
    let sftp: SFTPClient
    let recursive: Bool
    let preserveTimes: Bool
    var report = CopyReport()
    private let progress: (CopyProgress) -> Void
    private var current = (path: "", bytes: Int64(0), size: Int64(0))

    init(sftp: SFTPClient, recursive: Bool, preserveTimes: Bool, progress: @escaping (CopyProgress) -> Void) {
        self.sftp = sftp
        self.recursive = recursive
        self.preserveTimes = preserveTimes
        self.progress = progress
    }

    /// Collects a file's failure; everything else ends the copy.
    func collecting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as FileFailure {
            report.failures.append(CopyFailure(path: displayText(failure.path), reason: failure.reason))
        }
    }

    /// Runs the last steps for a file that failed: briefly, and not ended by the signal that may have been the reason.
    func cleaningUp(after error: any Error, _ body: () -> Void) {
        if error is SSHError {
            sftp.connection.interruptions = nil
            sftp.patience = .until(monotonicSeconds() + 2)
        }
        body()
    }

    func startFile(_ path: BytePath, size: Int64) {
        current = (displayText(path), 0, size)
        tell()
    }

    func moved(_ bytes: Int) {
        current.bytes += Int64(bytes)
        report.bytes += Int64(bytes)
        tell()
    }

    func finishFile() {
        report.files += 1
        tell()
    }

    private func tell() {
        progress(
            CopyProgress(
                path: current.path, fileBytes: current.bytes, fileSize: current.size, files: report.files,
                bytes: report.bytes))
    }

    /// scp's target rules. `isFolder` is nil when the target isn't there.
    func placement(ofSources count: Int, in target: BytePath, isFolder: Bool?) throws(FileFailure) -> (BytePath) ->
        BytePath
    {
        if isFolder == true {
            return { $0.isDots ? target : target.child($0.name) }
        }
        if count > 1 {
            throw FileFailure(
                path: target,
                reason: isFolder == nil
                    ? "no such folder, and several sources need one" : "not a folder, and several sources need one")
        }
        if target.hasTrailingSlash, isFolder == false { throw FileFailure(path: target, reason: "not a folder") }
        return { _ in target }
    }

    /// A new name that ends in a slash can only become a folder.
    func requireFolder(_ target: BytePath, ifSourceIsFolder: Bool) throws(FileFailure) {
        if target.hasTrailingSlash, !ifSourceIsFolder { throw FileFailure(path: target, reason: "no such folder") }
    }
}
