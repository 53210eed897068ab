/// One file or directory that wasn't copied.
public struct CopyFailure: Sendable, Hashable {
    /// For people: control characters are escaped, invalid UTF-8 is replaced.
    public let path: String
    public let reason: String
}

/// What a copy did. It succeeded when there are no failures.
public struct CopyReport: Sendable, Equatable {
    /// Files that arrived whole; directories don't count.
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
    /// About how many bytes there will be in the end; nil when that isn't known. See ``SFTPCopy/wantsTotal``.
    public let totalBytes: Int64?
}

/// Copies files and directories as scp does, over SFTP.
///
/// - A target that is a directory takes the sources into it, any other is the copy's own name; several sources need
///   a directory, and so does a trailing slash. Remote paths are relative to the login directory; `~` is a name (``CopyOperand`` takes it away); in
///   sources to download, `*`, `?` and `[…]` match names as in a shell.
/// - New files get the source's permission bits as far as the receiving side's umask allows, existing ones keep theirs.
/// - A file has another name (`.NAME.box-part-…`) until it is whole, so a cut copy is never taken for a finished one.
///   An existing file is replaced then, and not written into, unless its directory lets nobody make or replace files; devices
///   and pipes are written into. A megabyte or more of a copy
///   that lost its connection stays under that name, for one that ``resumes``.
/// - Symbolic links are followed; ones that lead back to a directory above are failures, as are sockets, pipes and devices.
///
/// One file's failure is collected and the rest goes on. What is thrown, always an ``SSHError``, ended the whole copy.
public struct SFTPCopy {
    /// So many bytes of a file stay when a connection is lost; less is copied again sooner than it is compared.
    public static let resumable: Int64 = 1 << 20

    let connection: SSHConnection
    /// Directories with everything in them.
    public var recursive: Bool
    /// Keep modification and access times, and the permission bits whatever the umask.
    public var preserveTimes: Bool
    /// Go on with what an earlier copy left, when both sides' hashes prove that it is the file's beginning; files of less
    /// than a megabyte are copied again. Whole files that are the same stay as they are. What this copy leaves is kept, too.
    public var resumes: Bool
    public var progress: (CopyProgress) -> Void
    /// Find out first how much there is, where that takes a second at most, for ``CopyProgress/totalBytes``.
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

    /// Up to the end of a descriptor, such as standard input, into one file of the box.
    public func upload(from descriptor: Int32, to target: String) throws(SSHError) -> CopyReport {
        try work { try $0.uploadStream(descriptor, to: BytePath(target)) }
    }

    /// One file of the box into a descriptor, such as standard output.
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
