internal import CSSH2
import Glibc

extension CopyJob {
    func download(_ sources: [BytePath], to target: BytePath) throws {
        var found: [BytePath] = []
        for source in sources { try collecting { found += try sftp.matches(source) } }
        guard !found.isEmpty else { return }
        let there = try LocalFile.status(target)
        let count = max(found.count, sources.count)
        let target = try placement(ofSources: count, in: target, isDirectory: there?.isDirectory)
        if wantsTotal(of: found) { total = try sftp.bytes(of: found, recursive: recursive) }
        enqueue(found.map { source in { try self.look(at: source, for: target(source), in: nil, inside: []) } })
    }

    /// Copies one file into a descriptor.
    func downloadStream(_ source: BytePath, to descriptor: Int32) throws {
        guard let attributes = try sftp.now({ sftp.stat(source, $0) }) else {
            throw FileFailure(path: source, reason: SFTPStatus.text(LIBSSH2_FX_NO_SUCH_FILE))
        }
        if attributes.isDirectory { throw FileFailure(path: source, reason: "is a directory; name a file") }
        FileDownload(self, source, attributes, in: nil) { () throws(FileFailure) in
            LocalTarget(descriptor: descriptor, name: BytePath("-"))
        }.start()
    }

    /// Resumes a file that an earlier copy left unfinished. Not for handlers, since it waits for answers.
    ///
    /// - Returns: false when there is nothing to resume.
    private func resume(
        _ source: BytePath, _ attributes: SFTPAttributes, to target: BytePath, in directory: CopyDirectory?
    )
        throws
        -> Bool
    {
        let size = Int64(clamping: attributes.size ?? 0)
        guard size >= SFTPCopy.resumable else { return false }
        let (path, old) = try LocalTarget.resolve(target)
        let parent = path.parent.isEmpty ? BytePath(".") : path.parent
        let entries = try LocalFile.list(parent).compactMap { name throws(FileFailure) in
            try LocalFile.linkStatus(path.parent.child(name)).flatMap { $0.isRegular ? (name, $0.size) : nil }
        }
        if let old, old.isRegular, old.size == size, try isProven(source, path, size) {
            foundWhole()
            return true
        }
        guard let part = CopyResume.part(of: path, among: entries, upTo: size),
            try isProven(source, part.path, part.size)
        else { return false }
        let mode = old?.isRegular == true ? old!.mode & 0o777 : FileDownload.mode(attributes) & ~LocalFile.umask
        FileDownload(self, source, attributes, in: directory) { () throws(FileFailure) in
            try LocalTarget(path, part: part.path, keptMode: mode)
        }.start(at: UInt64(part.size))
        return true
    }

    private func isProven(_ source: BytePath, _ local: BytePath, _ count: Int64) throws -> Bool {
        let fd = try LocalFile.open(local, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
        defer { close(fd) }
        return try sftp.isSame(source, as: fd, first: count)
    }

    /// Requests a path's attributes, then queues its download.
    private func look(at source: BytePath, for target: BytePath, in directory: CopyDirectory?, inside: [BytePath])
        throws
    {
        directory?.begin()
        sftp.stat(source) { [unowned self] result in
            enqueue([
                { [unowned self] in
                    try collecting {
                        guard let attributes = try result.get() else {
                            throw FileFailure(path: source, reason: SFTPStatus.text(LIBSSH2_FX_NO_SUCH_FILE))
                        }
                        try download(source, attributes, to: target, in: directory, real: nil, inside: inside)
                    }
                    try directory?.leave()
                }
            ])
        }
    }

    /// - Parameters:
    /// - directory: the directory that contains the target.
    /// - real: the source without symbolic links, when known.
    /// - inside: the directories above it, without symbolic links, to detect loops.
    private func download(
        _ source: BytePath, _ attributes: SFTPAttributes, to target: BytePath, in directory: CopyDirectory?,
        real: BytePath?,
        inside: [BytePath]
    ) throws {
        if attributes.isDirectory, recursive {
            downloadDirectory(
                source, attributes, to: target.withoutTrailingSlashes, in: directory, real: real, inside: inside)
        } else if attributes.isRegular {
            try requireDirectory(target)
            let mode = FileDownload.mode(attributes)
            if resumes, try resume(source, attributes, to: target, in: directory) { return }
            FileDownload(self, source, attributes, in: directory) { () throws(FileFailure) in
                try LocalTarget(target, mode: mode)
            }.start()
        } else {
            let reason = attributes.isDirectory ? "is a directory; use -r" : "not a regular file"
            throw FileFailure(path: source, reason: reason)
        }
    }

    private func downloadDirectory(
        _ source: BytePath, _ attributes: SFTPAttributes, to target: BytePath, in parent: CopyDirectory?,
        real: BytePath?,
        inside: [BytePath]
    ) {
        parent?.begin()
        func list(_ real: BytePath) {
            sftp.list(source) { [unowned self] result in
                try collecting {
                    guard !inside.contains(real) else {
                        throw FileFailure(path: source, reason: "a symbolic link leads back to a directory above")
                    }
                    try fill(
                        source, attributes, result.get(), to: target, in: parent, real: real, inside: inside + [real])
                }
                try parent?.leave()
            }
        }
        if let real { return list(real) }
        sftp.realPath(source) { [unowned self] in
            switch $0 {
            case .success(let real): list(real)
            case .failure(let failure):
                collect(failure)
                try parent?.leave()
            }
        }
    }

    private func fill(
        _ source: BytePath, _ attributes: SFTPAttributes, _ entries: [SFTPClient.Entry], to target: BytePath,
        in parent: CopyDirectory?, real: BytePath, inside: [BytePath]
    ) throws {
        let mode = attributes.mode.map { $0 & 0o777 } ?? 0o777
        let there = try LocalFile.status(target)
        if let there, !there.isDirectory { throw FileFailure(path: target, reason: "not a directory") }
        // The owner must be able to write into it until everything in it is copied.
        if there == nil { try LocalFile.makeDirectory(target, mode: mode | 0o700) }
        let directory = CopyDirectory(in: parent) { [unowned self] in
            try collecting { try closeDirectory(target, mode: mode, times: attributes.times, isNew: there == nil) }
        }
        directory.begin()
        enqueue(
            entries.map { name, entry in
                directory.begin()
                return { [unowned self] in
                    try collecting {
                        guard !name.isDots, !name.contains(47), !name.contains(0) else {
                            throw FileFailure(
                                path: source.child(name), reason: "the server sent a name that no directory can hold")
                        }
                        let (path, target) = (source.child(name), target.child(name))
                        // Listings describe symbolic links themselves; the copy needs what they lead to.
                        if entry.isLink || entry.mode == nil {
                            return try look(at: path, for: target, in: directory, inside: inside)
                        }
                        try download(path, entry, to: target, in: directory, real: real.child(name), inside: inside)
                    }
                    try directory.leave()
                }
            })
        try directory.leave()
    }

    /// Sets the directory's mode and times, once everything in it is copied.
    private func closeDirectory(
        _ target: BytePath, mode: UInt32, times: (access: UInt32, modification: UInt32)?, isNew: Bool
    ) throws(FileFailure) {
        if preserveTimes {
            try LocalFile.setMode(target, mode)
            if let times { try LocalFile.setTimes(target, access: times.access, modification: times.modification) }
        } else if isNew, mode & 0o700 != 0o700, let given = try LocalFile.status(target)?.mode {
            try LocalFile.setMode(target, given & 0o777 & ~(0o700 & ~mode))
        }
    }
}
