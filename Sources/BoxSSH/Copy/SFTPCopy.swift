/// One file or directory that wasn't copied.
public struct CopyFailure: Sendable, Hashable {
    /// For messages: control characters are escaped, and invalid UTF-8 is replaced.
    public let path: String
    public let reason: String
}

/// What a copy did. It succeeded when there are no failures.
public struct CopyReport: Sendable, Equatable {
    /// Files that are complete now; directories don't count.
    public var files = 0
    /// The bytes that were copied, also of files that failed part-way.
    public var bytes: Int64 = 0
    public var failures: [CopyFailure] = []
}

/// The progress of a copy. It is sent after every piece, so the receiver decides how often to show it.
public struct CopyProgress: Sendable {
    /// The current file, in a form to show.
    public let path: String
    public let fileBytes: Int64
    /// The size that the source reports. Some files grow, and those in /proc report 0.
    public let fileSize: Int64
    public let files: Int
    public let bytes: Int64
    /// An estimate of the total number of bytes; nil when it is unknown. See ``SFTPCopy/wantsTotal``.
    public let totalBytes: Int64?
}

/// Copies files and directories over SFTP, by scp's rules.
///
/// - Sources are copied into a target that is a directory. Any other target is the name of the copy. Several sources,
///   or a trailing slash, need a directory.
/// - Remote paths are relative to the login directory. `~` is an ordinary name here, since ``CopyOperand`` removes a
///   leading `~/`. In sources to download, `*`, `?` and `[…]` match names as in a shell.
/// - New files get the source's permission bits, reduced by the receiver's umask. Existing files keep their bits.
/// - A file has a temporary name (`.NAME.box-part-…`) until it is complete, so an interrupted copy is never mistaken
///   for a finished one. The complete file then replaces an existing one. Where the directory allows no new or replaced
///   files, the existing file is written in place. So are devices and pipes.
/// - When the connection is lost, a megabyte or more of a file is kept under the temporary name, for a copy that
///   ``resumes``.
/// - Symbolic links are followed. Links back to a directory above are failures, and so are sources that are sockets,
///   pipes or devices.
///
/// A failure of one file is collected, and the other files are still copied. Every thrown error is an ``SSHError`` and
/// ended the whole copy.
public struct SFTPCopy {
    /// An unfinished file of at least this many bytes is kept for resuming. Fewer bytes are faster to copy again than
    /// to compare.
    public static let resumable: Int64 = 1 << 20

    let connection: SSHConnection
    /// Copy directories with everything in them.
    public var recursive: Bool
    /// Preserve modification and access times, and the permission bits regardless of the umask.
    public var preserveTimes: Bool
    /// Resume what an earlier copy left, when the hashes of both sides prove that it is the file's beginning. Smaller
    /// files than a megabyte are copied again. Complete, identical files are skipped. Unfinished files of this copy are
    /// kept, too.
    public var resumes: Bool
    public var progress: (CopyProgress) -> Void
    /// Find out the total size first, in at most a second, for ``CopyProgress/totalBytes``.
    public var wantsTotal = false

    public init(
        connection: SSHConnection, recursive: Bool = false, preserveTimes: Bool = false, resumes: Bool = false,
        progress: @escaping (CopyProgress) -> Void = { _ in }
    ) {
        self.connection = connection
        self.recursive = recursive
        self.preserveTimes = preserveTimes
        self.resumes = resumes
        self.progress = progress
    }

    /// Copies local files and directories to the box.
    public func upload(_ sources: [String], to target: String) throws(SSHError) -> CopyReport {
        try work { try $0.upload(sources.map { BytePath($0) }, to: BytePath(target.isEmpty ? "." : target)) }
    }

    /// Copies files and directories of the box to this machine.
    public func download(_ sources: [String], to target: String) throws(SSHError) -> CopyReport {
        try work {
            try $0.download(
                sources.map { BytePath($0.isEmpty ? "." : $0) }, to: BytePath(target.isEmpty ? "." : target))
        }
    }

    /// Copies a descriptor, such as standard input, up to its end into one file of the box.
    public func upload(from descriptor: Int32, to target: String) throws(SSHError) -> CopyReport {
        try work { try $0.uploadStream(descriptor, to: BytePath(target)) }
    }

    /// Copies one file of the box to a descriptor, such as standard output.
    public func download(_ source: String, into descriptor: Int32) throws(SSHError) -> CopyReport {
        try work { try $0.downloadStream(BytePath(source), to: descriptor) }
    }

    private func work(_ body: (CopyJob) throws -> Void) throws(SSHError) -> CopyReport {
        connection.interruptions = SignalWatch()
        defer { connection.interruptions = nil }
        do {
            let job = CopyJob(try SFTPClient(connection), for: self)
            try job.run { try body(job) }
            return job.report
        } catch let error as SSHError {
            throw error
        } catch {
            throw SSHError(.protocolFailure(code: -31), "the copy failed: \(error)")
        }
    }
}
